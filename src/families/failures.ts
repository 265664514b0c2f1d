import { CollectorError } from "../errors.ts";
import { messageOf } from "../message_of.ts";

/** Says that label sets of a metric came more than once. */
export function duplicateError(name: string, count: number): CollectorError {
  return new CollectorError({
    collector: name,
    failure: "duplicate",
    message: `Cannot gather all of metric "${name}": label sets must be ` +
      `unique, received ${count} that an earlier one equals`,
  });
}

/** Says that a metric could not be read. */
export function collectorError(name: string, cause: unknown): CollectorError {
  return new CollectorError({
    collector: name,
    failure: "error",
    message: `Cannot gather metric "${name}": ${messageOf(cause)}`,
    cause,
  });
}

/** Says that a collector takes longer than it may. */
export function timeoutError(name: string, ms: number): CollectorError {
  return new CollectorError({
    collector: name,
    failure: "timeout",
    message: `Cannot gather metric "${name}": its collector must end before ` +
      `the scrape's deadline, it runs for ${Math.round(ms)} ms`,
  });
}

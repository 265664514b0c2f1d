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

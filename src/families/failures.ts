import { CollectorError } from "../errors.ts";
import { describe, listNames, quote, reasonOf } from "../base/describe.ts";
import type { MetricFamily } from "../types.ts";

/** Some label sets of a metric came more than once. */
export function duplicateError(name: string, count: number): CollectorError {
  const message =
    `Cannot gather all of metric ${quote(name)}: label sets must be ` +
    `unique, received ${count} that an earlier one equals`;
  return new CollectorError({ collector: name, failure: "duplicate", message });
}

/** A family, and what of the metric is not in it. */
export interface ReadFamily extends MetricFamily {
  /** How many label sets were left out, because an earlier one is the same. */
  readonly duplicates?: number;
  /** How many samples were left out, because their values are no numbers. */
  readonly wrong?: number;
}

export type Reading = ReadFamily | Promise<ReadFamily>;

/** Names what of a metric was left out when it was read. */
export function partialErrors(
  name: string,
  { duplicates = 0, wrong = 0 }: ReadFamily,
): CollectorError[] {
  return [
    ...duplicates > 0 ? [duplicateError(name, duplicates)] : [],
    ...wrong > 0 ? [valueError(name, wrong)] : [],
  ];
}

/** Some samples of a metric have values of another type. */
function valueError(name: string, count: number): CollectorError {
  const message =
    `Cannot gather all of metric ${quote(name)}: values must be ` +
    `numbers, received ${count} of another type`;
  return new CollectorError({ collector: name, failure: "error", message });
}

/** A registry lists a value that is no metric. */
export function noMetricError(listed: unknown): CollectorError {
  const message = "Cannot gather a metric: a registry must list objects, " +
    `received ${describe(listed)}`;
  return new CollectorError({ collector: "", failure: "error", message });
}

/** A metric could not be read. */
export function collectorError(
  collector: string,
  cause: unknown,
): CollectorError {
  const message = `Cannot gather metric ${quote(collector)}: ${
    reasonOf(cause)
  }`;
  return new CollectorError({ collector, failure: "error", message, cause });
}

/** A collector takes longer than it may. */
export function timeoutError(name: string, ms: number): CollectorError {
  const message =
    `Cannot gather metric ${quote(name)}: its collector must end ` +
    `before the scrape's deadline, it runs for ${Math.round(ms)} ms`;
  return new CollectorError({ collector: name, failure: "timeout", message });
}

/** Metrics were left out, since another registry has their names. */
export function leftOutError(names: readonly string[]): Error {
  return new Error(
    `Cannot serve ${listNames(names)} of a client beside runtimeMetrics(), ` +
      "whose own metrics of these names are served; do without " +
      "collectDefaultMetrics()",
  );
}

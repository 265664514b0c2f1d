import type { Verdict } from "../clients/recognise.ts";
import type { StoredMetric } from "../clients/stored.ts";
import { describe, thenOf } from "../describe.ts";
import type { CollectedMetric, RegisteredMetric } from "../types.ts";

/** A run of a metric's collector, which all scrapes that overlap share. */
export interface CollectorRun {
  /** When it began, on the monotonic clock, in milliseconds. */
  readonly startedAt: number;
  /** When it ended, if it has. */
  endedAt?: number;
  /** Settles with its end, and never rejects; a synchronous one has none. */
  pending?: Promise<void>;
  /** The reason why it failed, if it has. */
  failure?: { readonly reason: unknown };
  /** How the metric is stored; one that is not known was asked for its values. */
  readonly storage: Verdict["storage"] | undefined;
  /** Those values. */
  answer?: CollectedMetric;
}

const running = new WeakMap<RegisteredMetric, CollectorRun>();

/**
 * Runs the collector of a metric, or asks it for its values. Whoever asks while
 * that runs gets the same run.
 *
 * @param storage How it is stored, if the collector is all that has to be called.
 */
export function runCollector(
  metric: RegisteredMetric,
  storage: Verdict["storage"] | undefined,
): CollectorRun {
  const current = running.get(metric);
  if (current !== undefined) return current;
  const run: CollectorRun = { startedAt: performance.now(), storage };
  const end = (returned: unknown) => {
    run.endedAt = performance.now();
    if (storage === undefined) run.answer = returned as CollectedMetric;
  };
  const fail = (reason: unknown) => {
    end(undefined);
    run.failure = { reason };
  };
  try {
    const { collect } = metric as StoredMetric;
    const returned = storage ? collect!.call(metric) : ask(metric);
    if (thenOf(returned) === undefined) end(returned);
    else {
      running.set(metric, run);
      run.pending = Promise.resolve(returned).then(end, fail);
      // Not before the metric was read that it has set.
      run.pending.then(() => Promise.resolve())
        .then(() => running.delete(metric));
    }
  } catch (error) {
    fail(error);
  }
  return run;
}

/** Asks a metric for its values. */
export function ask(
  metric: RegisteredMetric,
): CollectedMetric | Promise<CollectedMetric> {
  if (typeof metric.get === "function") return metric.get();
  throw new TypeError(
    `it must have the method get(), received ${describe(metric)}`,
  );
}

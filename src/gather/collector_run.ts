import { thenOf } from "../base/describe.ts";
import type { Verdict } from "../clients/storage.ts";
import type { StoredMetric } from "../clients/stored.ts";
import { now } from "../runtime/wait.ts";
import type { CollectedMetric, RegisteredMetric } from "../types.ts";
import { askForValues } from "./collected.ts";

/** A run of a metric's collector, which overlapping scrapes share. */
export interface CollectorRun {
  /** When it began, in milliseconds. */
  readonly startedAt: number;
  endedAt?: number;
  /** Settles with its end, and never rejects; absent if it was synchronous. */
  pending?: Promise<void>;
  failure?: { readonly reason: unknown };
  /** How the metric is stored; `undefined` if it was asked for its values. */
  readonly storage: Verdict["storage"] | undefined;
  collected?: CollectedMetric;
}

const running = new WeakMap<RegisteredMetric, CollectorRun>();

/**
 * Runs the collector of a metric, or without `storage` asks for its values. While
 * that is under way, others get the same run.
 */
export function runCollector(
  metric: RegisteredMetric,
  storage: Verdict["storage"] | undefined,
): CollectorRun {
  const current = running.get(metric);
  if (current !== undefined) return current;
  const run: CollectorRun = { startedAt: now(), storage };
  const end = (returned: unknown) => {
    run.endedAt = now();
    if (storage === undefined) run.collected = returned as CollectedMetric;
  };
  const fail = (reason: unknown) => {
    end(undefined);
    run.failure = { reason };
  };
  try {
    const { collect } = metric as StoredMetric;
    const returned = storage ? collect!.call(metric) : askForValues(metric);
    if (thenOf(returned) === undefined) end(returned);
    else {
      running.set(metric, run);
      run.pending = Promise.resolve(returned).then(end, fail);
      // One turn later, when the metric that it has set was read.
      run.pending.then(() => Promise.resolve())
        .then(() => running.delete(metric));
    }
  } catch (error) {
    fail(error);
  }
  return run;
}

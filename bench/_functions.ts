/** The functions that are wrapped, and how it is checked that they are measured. */
import type * as promClient from "prom-client";
import { storageOf } from "../src/clients/storage.ts";
import type { StoredMetric, StoredValue } from "../src/clients/stored.ts";

/** The value that they yield. */
const VALUE = 42;

/** The error that they reject with. */
const error: RangeError = new RangeError("no");

/** An async function. */
export type Work = () => Promise<number>;

/** A function that returns at once. */
export type SyncWork = () => number;

// deno-lint-ignore require-await
export const fulfil: Work = async () => VALUE;

// deno-lint-ignore require-await
export const reject: Work = async () => {
  throw error;
};

export const returnAtOnce: SyncWork = () => VALUE;

/** Handles a rejection as cheaply as can be. */
export const handled = (work: Work): () => Promise<unknown> => () =>
  work().then(undefined, (error) => error);

/** The values of metrics: observations, errors, and calls in progress. */
export type Seen = [observed: number, counted: number, tracked: number];

/** The metrics of the three wrappers. */
export interface WrapperMetrics {
  readonly durations: promClient.Histogram<string>;
  readonly errors: promClient.Counter<string>;
  readonly inprogress: promClient.Gauge<string>;
}

/** Reads what metrics have seen so far, of one label set each. */
export async function seenBy(
  { durations, errors, inprogress }: WrapperMetrics,
): Promise<Seen> {
  const reads = [durations.get(), errors.get(), inprogress.get()] as const;
  const [observed, counted, tracked] = await Promise.all(reads);
  const count = observed.values
    .find(({ metricName }) => metricName?.endsWith("_count"));
  return [
    count?.value ?? 0,
    counted.values[0]?.value ?? 0,
    tracked.values[0]?.value ?? 0,
  ];
}

/** How many calls a gauge has in progress, at this moment. */
export function inprogressNow(metric: object): number {
  const gauge = metric as StoredMetric;
  for (const { entries } of storageOf(gauge)!.list<StoredValue>(gauge)) {
    for (const { value } of entries) return Number(value);
  }
  return 0;
}

/**
 * Calls a function that is measured, and checks its outcome, and what its
 * metrics have seen of it.
 *
 * @param name What it is called in an error.
 * @param seen What the metrics have seen so far.
 * @param wanted What they should have seen of the call when it is over.
 * @param inprogress How many calls are in progress, and how many more should be
 * before it is over, if it can be told of the metrics.
 */
export async function requireMeasured(
  name: string,
  run: () => unknown,
  seen: () => Promise<Seen>,
  wanted: Readonly<Seen>,
  inprogress?: { readonly now: () => number; readonly wanted: number },
): Promise<void> {
  const before = await seen();
  const running = run();
  // A synchronous call is over by now.
  if (running instanceof Promise && inprogress) {
    const tracked = inprogress.now() - before[2];
    if (tracked !== inprogress.wanted) {
      throw new Error(`${name}: ${tracked} in progress`);
    }
  }
  const outcome = await running;
  if (outcome !== VALUE && outcome !== error) {
    throw new Error(`${name}: wrong outcome`);
  }
  const after = await seen();
  const measured = after.map((value, n) => value - before[n]);
  if (measured.join() === wanted.join()) return;
  throw new Error(`${name}: measured ${measured}, not ${wanted}`);
}

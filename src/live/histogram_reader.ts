import { HISTOGRAM } from "../metrics/cell.ts";
import { integerAt, REMOVED, ROW, rowOf } from "./layout.ts";
import type { ChunkViews } from "./memory.ts";
import { isStill } from "./stable.ts";

/** How often a histogram is read that is observed meanwhile, and its buckets. */
const READS = 1024;
const BUCKET_READS = 64;

/**
 * Reads the values of a histogram while it may be observed: until nothing was
 * counted in between, so that all are of one moment, but for an observation that
 * is being made. Where buckets are too many for that, it is so for count and sum,
 * and the buckets are of a moment before.
 *
 * @param chunk The memory that it is in.
 * @param cell Its first cell.
 * @param buckets How many buckets it has.
 * @param values Where the values go: up to each bound, the count, the sum.
 * @param to The index of the first of them.
 * @returns Whether that could be done.
 */
export function readHistogram(
  { integers, cells }: ChunkViews,
  cell: number,
  buckets: number,
  values: Float64Array,
  to: number,
): boolean {
  const stateAt = integerAt(rowOf(cell), ROW.state);
  /** The state in which the buckets were read last. */
  let bucketState = NaN;
  for (let reads = 0; reads < READS; reads++) {
    const state = Atomics.load(integers, stateAt);
    const before = cells[cell + HISTOGRAM.count];
    let upToBound = 0;
    if (reads < BUCKET_READS || state !== bucketState) {
      bucketState = state;
      for (let i = 0; i < buckets; i++) {
        upToBound += cells[cell + HISTOGRAM.buckets + i];
        values[to + i] = upToBound;
      }
    } else if (buckets > 0) upToBound = values[to + buckets - 1];
    values[to + buckets + 1] = cells[cell + HISTOGRAM.sum];
    const isSame = isStill(integers, stateAt, state);
    const count = cells[cell + HISTOGRAM.count];
    // Some processors let others see the bucket before the count.
    values[to + buckets] = Math.max(count, upToBound);
    // One that is gone is as it was.
    const isWhole = isSame && (state % 2 === 0 || state === REMOVED);
    if (isWhole && count === before) return true;
  }
  return false;
}

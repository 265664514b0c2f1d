import { bucketKey, type Buckets } from "../../clients/buckets.ts";
import type { StoredHistogram } from "../../clients/storage.ts";
import type { CollectedExemplar } from "../../types.ts";
import { Cell, HISTOGRAM } from "../../metrics/cell.ts";
import type { Table } from "../table.ts";

/** The cells of a histogram that the client has counted. */
export function cellsOf(
  { count, sum, bucketValues }: StoredHistogram,
  { keys }: Buckets,
): number[] {
  return [count, sum, ...keys.map((key) => bucketValues[key])];
}

/**
 * Writes into cells what the client has counted since it did so last.
 *
 * Usually that is one observation, whose bucket is found by what the sum has
 * grown by; where rounding misleads, all buckets are written.
 */
export function publish(
  entry: StoredHistogram,
  { bounds, keys }: Buckets,
): void {
  const { sum, count, bucketValues } = entry;
  const cells = Cell.cells(entry);
  const at = Cell.at(entry);
  const buckets = at + HISTOGRAM.buckets;
  const value = sum - cells[at + HISTOGRAM.sum];
  cells[at + HISTOGRAM.count] = count;
  let bucket = 0;
  while (bucket < bounds.length && value > bounds[bucket]) bucket++;
  if (
    bucket < bounds.length &&
    bucketValues[keys[bucket]] === cells[buckets + bucket] + 1
  ) cells[buckets + bucket]++;
  else {
    for (let i = 0; i < keys.length; i++) {
      cells[buckets + i] = bucketValues[keys[i]];
    }
  }
  cells[at + HISTOGRAM.sum] = sum;
}

/** Where a client counts an observation. */
export interface FoundBucket {
  /** Which of the cells of buckets it is; -1 if it has none. */
  readonly cell: number;
  /** What its count is stored under. */
  readonly key: string | number;
}

/** The client counts there what is above all bounds, if that is a bucket. */
const ABOVE = -1;

/**
 * Finds buckets as both clients do: they take the first bound that an observation
 * is not above, in the order in which they were configured.
 */
export class BucketFinder {
  readonly #upperBounds: readonly number[];
  /** By the bounds, and at last for what is above all of them. */
  readonly #found: readonly FoundBucket[];

  /** Looks for buckets by their bounds. */
  constructor(upperBounds: readonly number[], { bounds, keys }: Buckets) {
    const cells = new Map(bounds.map((bound, cell) => [bound, cell]));
    this.#upperBounds = upperBounds;
    this.#found = [...upperBounds, ABOVE].map((each) => {
      const key = bucketKey(each);
      const cell = cells.get(Number(each)) ?? -1;
      // Of bounds that are the same number the first one has the cell.
      return { key, cell: keys[cell] === key ? cell : -1 };
    });
  }

  /** Finds the bucket of an observation. */
  find(observation: number): FoundBucket {
    const upperBounds = this.#upperBounds;
    let bound = 0;
    while (bound < upperBounds.length && !(observation <= upperBounds[bound])) {
      bound++;
    }
    return this.#found[bound];
  }
}

/** By upper bound; what is above all of them is at -1. */
export type BucketExemplars = Readonly<
  Record<string, CollectedExemplar | null>
>;

/**
 * Publishes the exemplars of buckets.
 *
 * @param isNew Which of them are worth it.
 */
export function setBucketExemplars(
  table: Table,
  entry: object,
  exemplars: BucketExemplars | undefined,
  { keys }: Buckets,
  isNew: (exemplar: CollectedExemplar) => boolean = () => true,
): void {
  if (exemplars === undefined) return;
  // A bucket may have been configured for the infinity, too.
  const last = exemplars[-1] ?? exemplars.Infinity;
  const all = [...keys.map((key) => exemplars[key]), last];
  for (const [index, exemplar] of all.entries()) {
    if (exemplar && isNew(exemplar)) table.setExemplar(entry, index, exemplar);
  }
}

/**
 * The parts that all clients' metrics share: the buckets of histograms, and the
 * entries of label sets, in cells.
 *
 * @module
 */

import type { RawLabels } from "../families/raw_labels.ts";
import { Cell, HISTOGRAM } from "../memory/cell.ts";
import type { Table } from "../memory/table.ts";
import type { CollectedExemplar } from "../types.ts";
import type { BucketExemplars, StoredHistogram } from "./stored.ts";

/** The buckets of a histogram, without the one for everything. */
export interface Buckets {
  /** Their upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** The keys of the buckets' counts. */
  readonly keys: readonly (string | number)[];
  /** The upper bounds as they were configured. */
  readonly upperBounds: readonly number[];
  /** By those, and at last for what is above all of them. */
  readonly places: readonly BucketPlace[];
}

/** Where a client counts an observation. */
export interface BucketPlace {
  /** Which of the cells of buckets it is; -1 if it has none. */
  readonly cell: number;
  /** The key of its count. */
  readonly key: string | number;
}

/** The client counts there what is above all bounds, if that is a bucket. */
const ABOVE = -1;

const knownBuckets = new WeakMap<readonly number[], Buckets>();

/**
 * The bounds of a histogram's buckets as they are written: the clients take them
 * in any order, twice, with the infinity that is written in any case, and as
 * texts.
 */
export function bucketsOf(upperBounds: readonly number[]): Buckets {
  const known = knownBuckets.get(upperBounds);
  if (known !== undefined) return known;
  const cells = new Map<number, number>();
  for (const bound of Float64Array.from(upperBounds).sort()) {
    if (Number.isFinite(bound) && !cells.has(bound)) {
      cells.set(bound, cells.size);
    }
  }
  const keys: (string | number)[] = [];
  const places: BucketPlace[] = [];
  for (const each of [...upperBounds, ABOVE]) {
    // A number that is no array index would be made a text with every use.
    const key = Number.isInteger(each) && each >= 0 ? each : String(each);
    const cell = cells.get(Number(each)) ?? -1;
    if (places.length < upperBounds.length && cell >= 0) keys[cell] ??= key;
    // Of bounds that are the same number the first one has the cell.
    places.push({ key, cell: keys[cell] === key ? cell : -1 });
  }
  const buckets = { bounds: [...cells.keys()], keys, upperBounds, places };
  knownBuckets.set(upperBounds, buckets);
  return buckets;
}

/**
 * Finds a bucket as both clients do: they take the first bound that an observation
 * is not above, in the order in which they were configured.
 */
export function placeOf(
  { upperBounds, places }: Buckets,
  observation: number,
): BucketPlace {
  let bound = 0;
  while (bound < upperBounds.length && !(observation <= upperBounds[bound])) {
    bound++;
  }
  return places[bound];
}

/** The clients' entry for one label set of a counter or a gauge. */
export interface ValueEntry {
  value: number;
  labels: RawLabels;
  exemplar?: CollectedExemplar;
}

/** Makes an entry whose value is in a row of its own. */
export function makeValue(
  table: Table,
  { labels, value, exemplar }: ValueEntry,
): ValueEntry {
  const entry = new Bare() as ValueEntry;
  table.append(labels, [Number(value)], (cells, at) => {
    new Cell(entry, cells, at);
  });
  // Properties must be new when they get accessors: engines slow down objects
  // in which they replace others.
  Object.defineProperty(entry, "value", Cell.VALUE);
  entry.labels = labels;
  if (exemplar) {
    entry.exemplar = exemplar;
    table.setExemplar(entry, 0, exemplar);
  }
  return entry;
}

/** Makes plain objects that have no room to spare. */
const Bare = function () {} as unknown as new () => Partial<ValueEntry>;
Bare.prototype = Object.prototype;

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

/**
 * Publishes the exemplars of an entry's buckets.
 *
 * @param given The labels of the one that is new; without them all are.
 */
export function setBucketExemplars(
  table: Table,
  entry: { readonly bucketExemplars?: BucketExemplars },
  { keys }: Buckets,
  given?: unknown,
): void {
  const exemplars = entry.bucketExemplars;
  if (exemplars === undefined) return;
  // A bucket may have been configured for the infinity.
  const last = exemplars[-1] ?? exemplars.Infinity;
  const all = [...keys.map((key) => exemplars[key]), last];
  for (const [index, exemplar] of all.entries()) {
    if (!exemplar || (given ?? exemplar.labelSet) !== exemplar.labelSet) {
      continue;
    }
    table.setExemplar(entry, index, exemplar);
  }
}

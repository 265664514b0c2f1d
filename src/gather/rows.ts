import type { Buckets } from "../clients/buckets.ts";
import type { StoredChunk, StoredHistogram } from "../clients/stored.ts";
import { addExemplar } from "../families/exemplars.ts";
import { valueArray } from "../families/series.ts";
import type { SeriesTable } from "../families/series_table.ts";
import { rest } from "../runtime/pace.ts";
import type {
  CollectedExemplar,
  CollectedValue,
  Exemplar,
  MetricFamily,
  MetricType,
} from "../types.ts";
import type { SampleGroup } from "./group_samples.ts";

/** So many rows are read in one go: each takes up to 3 µs when it is new. */
const ROWS = 1024;

const NO_VALUES = new Float64Array();

/** A family, and what of the metric is not in it. */
export interface ReadFamily {
  readonly family: MetricFamily;
  /** How many label sets were left out, because an earlier one is the same. */
  readonly duplicates: number;
}

/** A family that is to be read. */
export interface Unread {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  /** The table in which its rows are placed. */
  readonly table: SeriesTable;
  /** The buckets of a histogram. */
  readonly buckets?: Buckets;
}

/** A family while it is read. */
interface Reading extends Unread {
  array: Float64Array;
  /** How many values there are. */
  length: number;
  exemplars: Map<number, Exemplar> | undefined;
}

/** Reads the rows of a part of a chunk in one go. */
type AddRows<Entry> = (
  reading: Reading,
  chunk: StoredChunk<Entry>,
  from: number,
  to: number,
) => void;

/**
 * Makes a family of rows: in a plain loop where they are few, else in parts,
 * between which the event loop may turn.
 */
export function readRows<Entry>(
  { name, help, type, table, buckets }: Unread,
  chunks: Iterable<StoredChunk<Entry>>,
  add: AddRows<Entry>,
): ReadFamily | Promise<ReadFamily> {
  const reading: Reading = {
    name,
    help,
    type,
    table,
    buckets,
    array: NO_VALUES,
    length: 0,
    exemplars: undefined,
  };
  const few = Array.isArray(chunks)
    ? chunks[0] as StoredChunk<Entry>
    : undefined;
  if (few === undefined || few.entries.length > ROWS) {
    return readMany(reading, chunks, add);
  }
  add(reading, few, 0, few.entries.length);
  return end(reading);
}

async function readMany<Entry>(
  reading: Reading,
  chunks: Iterable<StoredChunk<Entry>>,
  add: AddRows<Entry>,
): Promise<ReadFamily> {
  for (const chunk of chunks) {
    const { length } = chunk.entries;
    for (let from = 0; from < length; from += ROWS) {
      add(reading, chunk, from, Math.min(from + ROWS, length));
      await rest();
    }
  }
  return end(reading);
}

function end(reading: Reading): ReadFamily {
  const { name, help, type, table, array, length, exemplars } = reading;
  const series = table.end();
  const values = length === array.length ? array : array.subarray(0, length);
  const origin = table;
  const family = { name, help, type, series, values, exemplars, origin };
  return { family, duplicates: table.duplicates };
}

/** Reads rows of counters and gauges: one value each. */
export function addValues(
  reading: Reading,
  { entries, keys }: StoredChunk<CollectedValue>,
  from: number,
  to: number,
): void {
  const array = makeRoom(reading, to - from);
  for (let row = from; row < to; row++) {
    const { labels = NO_LABELS, value, exemplar } = entries[row];
    if (!reading.table.place(labels, undefined, keys?.[row])) continue;
    if (exemplar) exemplify(reading, 0, exemplar);
    array[reading.length++] = value;
  }
}

const NO_LABELS = {};

/** Reads rows of histograms as the clients store them. */
export function addHistograms(
  reading: Reading,
  { entries, keys }: StoredChunk<StoredHistogram>,
  from: number,
  to: number,
): void {
  const { bounds, keys: buckets } = reading.buckets!;
  const { length } = buckets;
  const array = makeRoom(reading, (to - from) * (length + 2));
  for (let row = from; row < to; row++) {
    const { labels, bucketValues, bucketExemplars, sum, count } = entries[row];
    if (!reading.table.place(labels, bounds, keys?.[row])) continue;
    const at = reading.length;
    if (bucketExemplars) {
      for (let i = 0; i < length; i++) {
        exemplify(reading, i, bucketExemplars[buckets[i]]);
      }
      // A bucket may have been configured for the infinity as well.
      const last = bucketExemplars[-1] ?? bucketExemplars.Infinity;
      exemplify(reading, length, last);
    }
    let upToBound = 0;
    for (let i = 0; i < length; i++) {
      array[at + i] = upToBound += bucketValues[buckets[i]];
    }
    array[at + length] = count;
    array[at + length + 1] = sum;
    reading.length += length + 2;
  }
}

/** Reads rows of histograms and summaries whose samples came one by one. */
export function addGroups(
  reading: Reading,
  { entries }: StoredChunk<SampleGroup>,
  from: number,
  to: number,
): void {
  for (let row = from; row < to; row++) {
    const { labels, bounds, values: upTo, count, sum, exemplars } =
      entries[row];
    const { table } = reading;
    if (!table.place(labels, table.boundsLike(bounds))) continue;
    const array = makeRoom(reading, upTo.length + 2);
    const at = reading.length;
    for (const [i, each] of exemplars.entries()) exemplify(reading, i, each);
    array.set(upTo, at);
    array[at + upTo.length] = count;
    array[at + upTo.length + 1] = sum;
    reading.length += upTo.length + 2;
  }
}

/** Keeps the exemplar of a value of the row that is being read. */
function exemplify(
  reading: Reading,
  index: number,
  exemplar: CollectedExemplar | null | undefined,
): void {
  reading.exemplars ??= new Map();
  addExemplar(reading.exemplars, reading.length + index, exemplar);
}

/** Yields an array that has room for more values. */
function makeRoom(reading: Reading, more: number): Float64Array {
  const { array, length } = reading;
  const needed = length + more;
  if (needed <= array.length) return array;
  const grown = valueArray(length === 0 ? needed : needed + length);
  grown.set(array.subarray(0, length));
  return reading.array = grown;
}

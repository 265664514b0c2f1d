import { bucketsOf } from "../clients/buckets.ts";
import type { StoredChunk, StoredHistogram } from "../clients/storage.ts";
import type { Steps } from "../runtime/pace.ts";
import type { CollectedValue, Exemplar, MetricFamily } from "../types.ts";
import type { Collected } from "./collect.ts";
import { addExemplar } from "./exemplars.ts";
import { groupSamples } from "./group_samples.ts";
import type { SeriesTable } from "./series_table.ts";
import { toValueArray } from "./value_array.ts";

/** After so many rows the clock is looked at. */
const ROWS = 1024;

/** A family, and what of the metric is not in it. */
export interface ReadFamily {
  readonly family: MetricFamily;
  /** How many label sets were left out, because an earlier one is the same. */
  readonly duplicates: number;
}

/** Values as they are read, one series after the other. */
interface ReadValues {
  readonly values: Float64Array;
  readonly exemplars: Map<number, Exemplar>;
  readonly duplicates: number;
}

/**
 * Makes a family of what a metric holds.
 *
 * A series is read in one go; between two series the event loop may turn.
 */
export function* readFamily(
  collected: Collected,
  table: SeriesTable,
): Steps<ReadFamily> {
  const { name, type } = collected;
  const help = String(collected.help ?? "");
  try {
    const read = yield* readValues(collected, table);
    const { values, exemplars, duplicates } = read;
    const series = table.end();
    const origin = table;
    const family = { name, help, type, series, values, exemplars, origin };
    return { family, duplicates };
  } catch (error) {
    table.end();
    throw error;
  }
}

function readValues(
  collected: Collected,
  table: SeriesTable,
): Steps<ReadValues> {
  if ("values" in collected) return readSingles(collected.values(), table);
  if (collected.stored === undefined) return readGroups(collected, table);
  return readHistograms(collected.stored(), collected.upperBounds, table);
}

function* readSingles(
  chunks: Iterable<StoredChunk<CollectedValue>>,
  table: SeriesTable,
): Steps<ReadValues> {
  const values: number[] = [];
  const exemplars = new Map<number, Exemplar>();
  let rows = 0;
  for (const chunk of chunks) {
    const { length } = chunk.entries;
    for (let from = 0; from < length; from += ROWS) {
      const to = Math.min(from + ROWS, length);
      readRows(chunk, from, to, table, values, exemplars);
      if (to % ROWS === 0) yield;
    }
    rows += length;
  }
  return {
    values: toValueArray(values),
    exemplars,
    duplicates: rows - values.length,
  };
}

/** Reads some rows in one go; engines compile loops without pauses better. */
function readRows(
  { entries, keys }: StoredChunk<CollectedValue>,
  from: number,
  to: number,
  table: SeriesTable,
  values: number[],
  exemplars: Map<number, Exemplar>,
): void {
  for (let row = from; row < to; row++) {
    const { labels = NO_LABELS, value, exemplar } = entries[row];
    if (!table.place(labels, undefined, keys?.[row])) continue;
    if (exemplar) addExemplar(exemplars, values.length, exemplar);
    values.push(value);
  }
}

const NO_LABELS = {};

function* readHistograms(
  chunks: Iterable<StoredChunk<StoredHistogram>>,
  upperBounds: readonly number[],
  table: SeriesTable,
): Steps<ReadValues> {
  const { bounds, keys: buckets } = bucketsOf(upperBounds);
  const values: number[] = [];
  const exemplars = new Map<number, Exemplar>();
  let duplicates = 0;
  for (const { entries, keys } of chunks) {
    for (let i = 0; i < entries.length; i++) {
      const { labels, bucketValues, bucketExemplars, sum, count } = entries[i];
      if (table.place(labels, bounds, keys?.[i])) {
        if (bucketExemplars) {
          for (const [i, key] of buckets.entries()) {
            addExemplar(exemplars, values.length + i, bucketExemplars[key]);
          }
          // A bucket may have been configured for the infinity, too.
          const last = bucketExemplars[-1] ?? bucketExemplars.Infinity;
          addExemplar(exemplars, values.length + buckets.length, last);
        }
        let upToBound = 0;
        for (let i = 0; i < buckets.length; i++) {
          upToBound += bucketValues[buckets[i]];
          values.push(upToBound);
        }
        values.push(count, sum);
      } else duplicates++;
      if (i % ROWS === ROWS - 1) yield;
    }
  }
  return { values: toValueArray(values), exemplars, duplicates };
}

function* readGroups(
  collected: Extract<Collected, { samples: unknown }>,
  table: SeriesTable,
): Steps<ReadValues> {
  const groups = yield* groupSamples(collected);
  const values: number[] = [];
  const exemplars = new Map<number, Exemplar>();
  let duplicates = 0;
  for (const [row, group] of groups.entries()) {
    if (table.place(group.labels, table.boundsLike(group.bounds))) {
      for (const [i, exemplar] of group.exemplars.entries()) {
        addExemplar(exemplars, values.length + i, exemplar);
      }
      values.push(...group.values, group.count, group.sum);
    } else duplicates++;
    if (row % ROWS === ROWS - 1) yield;
  }
  return { values: toValueArray(values), exemplars, duplicates };
}

import {
  type Buckets,
  lastExemplar,
  type SampleGroup,
  type StoredChunk,
  type StoredHistogram,
} from "../clients/stored.ts";
import type { ReadFamily, Reading } from "../families/failures.ts";
import {
  addExemplar,
  addTimestamp,
  type FamilyValues,
  valueArray,
} from "../families/values.ts";
import type { SeriesTable } from "../families/series_table.ts";
import { isDue, PIECES, rest } from "../runtime/pace.ts";
import type {
  CollectedValue,
  Exemplar,
  MetricFamily,
  MetricType,
} from "../types.ts";

const NO_VALUES = new Float64Array();
const NO_LABELS = {};

type Named = Pick<MetricFamily, "name" | "help">;

type Chunks<Entry> = Iterable<StoredChunk<Entry>>;

/** Some rows of a chunk. */
interface Part<Entry> extends StoredChunk<Entry> {
  readonly from: number;
  readonly to: number;
}

/** Makes the families of one metric, one after the other, of its rows. */
export class FamilyBuilder {
  readonly type: MetricType;
  readonly table: SeriesTable;
  #array: FamilyValues = NO_VALUES;
  #length = 0;
  #exemplars: Map<number, Exemplar> | undefined;
  #timestamps: Map<number, number> | undefined;

  constructor(type: MetricType, table: SeriesTable) {
    this.type = type;
    this.table = table;
  }

  /** Makes a family of counters or gauges: one value each. */
  ofValues(named: Named, chunks: Chunks<CollectedValue>): Reading {
    return this.#of(named, chunks, (part) => this.#addValues(part));
  }

  /** Makes a family of histograms as the clients store them. */
  ofHistograms(
    named: Named,
    chunks: Chunks<StoredHistogram>,
    buckets: Buckets,
  ): Reading {
    return this.#of(
      named,
      chunks,
      (part) => this.#addHistograms(part, buckets),
    );
  }

  /** Makes a family of histograms or summaries whose samples came one by one. */
  ofGroups(named: Named, groups: readonly SampleGroup[]): Reading {
    const chunks = [{ entries: groups }];
    return this.#of(named, chunks, (part) => this.#addGroups(part));
  }

  /** Few rows are read at once: that is faster than by a promise. */
  #of<Entry>(
    named: Named,
    chunks: Chunks<Entry>,
    add: (part: Part<Entry>) => void,
  ): Reading {
    const [only] = Array.isArray(chunks) && chunks.length === 1 ? chunks : [];
    if (!(only?.entries.length <= PIECES)) {
      return this.#inParts(named, chunks, add);
    }
    const { entries, keys } = only;
    add({ entries, keys, from: 0, to: entries.length });
    return this.#end(named);
  }

  /** Makes a family in parts, between which the event loop may turn. */
  async #inParts<Entry>(
    named: Named,
    chunks: Chunks<Entry>,
    add: (part: Part<Entry>) => void,
  ): Promise<ReadFamily> {
    for (const chunk of chunks) {
      const { length } = chunk.entries;
      for (let from = 0; from < length; from += PIECES) {
        const to = Math.min(from + PIECES, length);
        add({ ...chunk, from, to });
        if (isDue(to - from)) await rest();
      }
    }
    return this.#end(named);
  }

  #end({ name, help }: Named): ReadFamily {
    const { type, table } = this;
    const series = table.end();
    const array = this.#array;
    const length = this.#length;
    const values = length === array.length ? array : array.slice(0, length);
    const family = {
      name,
      help,
      type,
      series,
      values,
      exemplars: this.#exemplars,
      timestamps: this.#timestamps,
      origin: table,
      duplicates: table.duplicates,
    };
    this.#array = NO_VALUES;
    this.#length = 0;
    this.#exemplars = undefined;
    this.#timestamps = undefined;
    return family;
  }

  #addValues({ entries, keys, from, to }: Part<CollectedValue>): void {
    const { table } = this;
    const array = this.#makeRoom(to - from);
    for (let row = from; row < to; row++) {
      const { labels = NO_LABELS, value, exemplar, timestamp } = entries[row];
      if (!table.place(labels, undefined, keys?.[row])) continue;
      if (exemplar) this.#exemplify(0, exemplar);
      if (timestamp != null) this.#addTime(1, timestamp);
      // The array may be a list, which would keep a value that is no number.
      array[this.#length++] = +value;
    }
  }

  #addHistograms(
    { entries, keys, from, to }: Part<StoredHistogram>,
    { bounds, keys: buckets }: Buckets,
  ): void {
    const { table } = this;
    const { length } = buckets;
    const array = this.#makeRoom((to - from) * (length + 2));
    for (let row = from; row < to; row++) {
      const { labels, bucketValues, bucketExemplars, sum, count } =
        entries[row];
      if (!table.place(labels, bounds, keys?.[row])) continue;
      const at = this.#length;
      if (bucketExemplars) {
        for (let i = 0; i < length; i++) {
          this.#exemplify(i, bucketExemplars[buckets[i]]);
        }
        this.#exemplify(length, lastExemplar(bucketExemplars));
      }
      let upToBound = 0;
      for (let i = 0; i < length; i++) {
        array[at + i] = upToBound += bucketValues[buckets[i]];
      }
      array[at + length] = count;
      array[at + length + 1] = sum;
      this.#length = at + length + 2;
    }
  }

  #addGroups({ entries, from, to }: Part<SampleGroup>): void {
    const { table } = this;
    for (let row = from; row < to; row++) {
      const { labels, bounds, values, exemplars, timestamp } = entries[row];
      if (!table.place(labels, table.boundsLike(bounds))) continue;
      const array = this.#makeRoom(values.length);
      for (const [i, each] of exemplars.entries()) this.#exemplify(i, each);
      if (timestamp != null) this.#addTime(values.length, timestamp);
      for (const value of values) array[this.#length++] = value;
    }
  }

  #exemplify(index: number, exemplar: CollectedValue["exemplar"]): void {
    this.#exemplars ??= new Map();
    addExemplar(this.#exemplars, this.#length + index, exemplar);
  }

  #addTime(count: number, time: number | Date): void {
    this.#timestamps ??= new Map();
    addTimestamp(this.#timestamps, this.#length, count, time);
  }

  #makeRoom(more: number): FamilyValues {
    const array = this.#array;
    const length = this.#length;
    const needed = length + more;
    if (needed <= array.length) return array;
    const grown = valueArray(length === 0 ? needed : needed + length);
    for (let i = 0; i < length; i++) grown[i] = array[i];
    return this.#array = grown;
  }
}

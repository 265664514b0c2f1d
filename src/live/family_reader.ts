import type { CollectorError } from "../errors.ts";
import { collectorError, duplicateError } from "../families/failures.ts";
import { valuesPerSeries } from "../families/family_layout.ts";
import { defaultsFor } from "../families/make_series.ts";
import { valueArray } from "../families/value_array.ts";
import type { Exemplar, MetricFamily } from "../types.ts";
import type { DirectoryEntry } from "./directory.ts";
import { readExemplar } from "./exemplar_reader.ts";
import type { FamilyHeader, FamilySnapshot } from "./family_header.ts";
import { fromSnapshot } from "./family_snapshot.ts";
import { readHistogram } from "./histogram_reader.ts";
import {
  exemplarCells,
  FAMILY,
  firstCell,
  integerAt,
  REMOVED,
  ROW,
  rowEnd,
  rowOf,
  rowWords,
  SEGMENT,
  valueCells,
  WORD,
} from "./layout.ts";
import type { ChunkViews, Place } from "./memory.ts";
import type { MemoryView } from "./memory_view.ts";
import { RowSeries } from "./row_series.ts";
import {
  ChangedError,
  isStill,
  MissingMemoryError,
  type Patience,
  readStable,
} from "./stable.ts";

/** A family as it was read, and what is wrong with it. */
export interface FamilyReading {
  readonly family?: MetricFamily;
  readonly failure?: CollectorError;
  /** Whether label sets may be missing that came and went meanwhile. */
  readonly isPartial?: boolean;
}

/** Some rows that stand one after the other. */
interface Rows {
  readonly chunk: ChunkViews;
  /** The first cell of the first of them, and how far it is to the next. */
  readonly cell: number;
  readonly step: number;
  /** Which row of the family the first is. */
  readonly row: number;
  readonly count: number;
}

/** What the labels of a row were, and in which state. */
interface RowLabels {
  readonly state: number;
  readonly labels: readonly string[] | undefined;
}

/** How often rows are looked through that come and go meanwhile. */
const PASSES = 64;

/** How often a row is read that is changed meanwhile. */
const ROW_READS = 64;

/** Reads one family in shared memory, with the labels of one registry. */
export class FamilyReader {
  readonly #memory: MemoryView;
  readonly #address: number;
  readonly #identity: number;
  readonly #defaults: Readonly<Record<string, string>>;
  #header: FamilyHeader | undefined;
  #snapshot: MetricFamily | undefined;
  #series = new RowSeries({});
  /** The state in which each row was read. */
  #states: number[] = [];
  /** What is remembered is of this generation; 0 is none. */
  #generation = 0;
  #name = "";
  #last: FamilyReading = {};

  /** Makes a reader that has not read yet. */
  constructor(
    memory: MemoryView,
    { family, identity, defaults }: DirectoryEntry,
  ) {
    this.#memory = memory;
    this.#address = family;
    this.#identity = identity;
    this.#defaults = JSON.parse(defaults);
  }

  /** What was read last. */
  get last(): FamilyReading {
    return this.#last;
  }

  /** Reads the family as it is now; tells whether that could be done. */
  read(patience: Patience): boolean {
    let reading: FamilyReading | undefined;
    try {
      reading = this.#tryToRead(patience);
    } catch (error) {
      if (error instanceof MissingMemoryError) return false;
      reading = { failure: collectorError(this.#name, error) };
      this.#generation = 0;
    }
    if (reading !== undefined) this.#last = reading;
    return reading !== undefined && !reading.isPartial;
  }

  #tryToRead(patience: Patience): FamilyReading | undefined {
    const { chunk, word } = this.#memory.at(
      this.#address,
      FAMILY.bytes / WORD,
    );
    const { integers } = chunk;
    const generationAt = integerAt(word, FAMILY.generation);
    const identityAt = integerAt(word, FAMILY.identity);
    const sequence = {
      integers,
      at: integerAt(word, FAMILY.sequence),
      isHeld: () =>
        integers[integerAt(word, FAMILY.held)] === 1 ||
        integers[identityAt] !== this.#identity,
    };
    return readStable(sequence, patience, () => {
      const generation = integers[generationAt];
      const requireSame = () => {
        // The block may be another family's by now, or no family's.
        const isSame = isStill(integers, generationAt, generation) &&
          integers[identityAt] === this.#identity;
        if (!isSame) throw new ChangedError("the family is another one");
      };
      if (generation !== this.#generation) {
        const header = integers[integerAt(word, FAMILY.header)];
        this.#generation = 0;
        this.#begin(header, requireSame);
        this.#generation = generation;
      }
      const place = { chunk, word };
      const reading = this.#readFamily(place, patience, requireSame);
      requireSame();
      return reading;
    });
  }

  /** Begins with what the family is now. */
  #begin(address: number, requireSame: () => void): void {
    const header = this.#memory.json(address) as FamilyHeader | FamilySnapshot;
    requireSame();
    this.#name = header.name;
    this.#states = [];
    if ("series" in header) {
      this.#snapshot = fromSnapshot(header, this.#snapshot);
      this.#header = undefined;
      return;
    }
    const { type, bounds } = header;
    if (type !== this.#header?.type) {
      this.#series = new RowSeries(defaultsFor(type, this.#defaults));
    }
    this.#header = header;
    this.#series.restart(bounds);
  }

  #readFamily(
    place: Place,
    patience: Patience,
    requireSame: () => void,
  ): FamilyReading {
    const header = this.#header;
    if (header === undefined) return { family: this.#snapshot };
    const { integers } = place.chunk;
    const changesAt = integerAt(place.word, FAMILY.changes);
    const totalAt = integerAt(place.word, FAMILY.rows);
    for (let passes = 1;; passes++) {
      const changes = Atomics.load(integers, changesAt);
      const total = Atomics.load(integers, totalAt);
      const rows = [...this.#rows(place, total, header, requireSame)];
      for (const each of rows) this.#followRows(each, requireSame);
      // A label set that was removed may be there again, behind the others.
      const isWhole = isStill(integers, changesAt, changes) &&
        integers[totalAt] === total;
      if (isWhole || passes === PASSES || patience.isOver) {
        return this.#readValues(rows, header, isWhole);
      }
    }
  }

  /** Finds the rows that are published. */
  *#rows(
    { chunk, word }: Place,
    total: number,
    header: FamilyHeader,
    requireSame: () => void,
  ): Generator<Rows> {
    const cells = valueCells(header) + exemplarCells(header);
    const { integers } = chunk;
    let address = integers[integerAt(word, FAMILY.segment)];
    for (let row = 0; row < total;) {
      const segment = this.#memory.at(address);
      const { integers: fields } = segment.chunk;
      const capacity = fields[integerAt(segment.word, SEGMENT.capacity)];
      const count = Math.min(capacity, total - row);
      const cell = firstCell(segment.word, 0, cells);
      address = fields[integerAt(segment.word, SEGMENT.next)];
      // What is not a segment may lead anywhere, for ever.
      requireSame();
      const end = rowEnd(segment.word, count, cells);
      if (!(count > 0 && end <= segment.chunk.cells.length)) {
        throw new ChangedError("no such segment");
      }
      yield { chunk: segment.chunk, cell, step: rowWords(cells), row, count };
      row += count;
    }
  }

  /** Finds out which rows are new, or have other labels, or are gone. */
  #followRows(
    { chunk, cell, step, row, count }: Rows,
    requireSame: () => void,
  ): void {
    const states = this.#states;
    const { integers } = chunk;
    const end = row + count;
    for (; row < end; row++, cell += step) {
      const state = integers[integerAt(rowOf(cell), ROW.state)];
      if (state === states[row]) continue;
      const read = this.#readLabels(chunk, rowOf(cell));
      requireSame();
      this.#series.set(row, read.labels);
      states[row] = read.state;
    }
  }

  /** Reads the labels of a row while they may change; one that is gone has none. */
  #readLabels({ integers }: ChunkViews, row: number): RowLabels {
    const stateAt = integerAt(row, ROW.state);
    for (let reads = 0; reads < ROW_READS; reads++) {
      const state = Atomics.load(integers, stateAt);
      if (state === REMOVED) return { state, labels: undefined };
      if (state % 2 !== 0) continue;
      try {
        const address = integers[integerAt(row, ROW.labels)];
        const labels = this.#memory.texts(address);
        if (isStill(integers, stateAt, state)) return { state, labels };
      } catch (error) {
        if (!(error instanceof ChangedError)) throw error;
      }
    }
    throw new ChangedError("a row changes all the time");
  }

  #readValues(
    rows: readonly Rows[],
    header: FamilyHeader,
    isWhole: boolean,
  ): FamilyReading {
    const { name, help, type, bounds } = header;
    const { series, duplicates } = this.#series;
    const perSeries = valuesPerSeries(type, header);
    const firstExemplar = valueCells(header);
    const exemplarsPerSeries = exemplarCells(header);
    const values = valueArray(series.length * perSeries);
    const exemplars = new Map<number, Exemplar>();
    const isDense = bounds === undefined && !header.exemplars &&
      this.#series.isInclusive;
    let to = 0;
    for (const each of rows) {
      if (isDense) {
        to = readSingles(each, values, to);
        continue;
      }
      const { chunk } = each;
      for (let i = 0; i < each.count; i++) {
        const row = each.row + i;
        if (!this.#series.includes(row)) continue;
        const cell = each.cell + i * each.step;
        if (bounds === undefined) values[to] = chunk.cells[cell];
        else {
          const isWhole = readHistogram(
            chunk,
            cell,
            bounds.length,
            values,
            to,
          );
          if (!isWhole) throw new ChangedError("a row changes all the time");
        }
        for (let e = 0; e < exemplarsPerSeries; e++) {
          const at = cell + firstExemplar + e;
          readExemplar(this.#memory, chunk.cells, at, exemplars, to + e);
        }
        to += perSeries;
      }
    }
    return {
      family: { name, help, type, series, values, exemplars, origin: this },
      isPartial: !isWhole,
      // Where rows came and went, one may have been read in two places.
      failure: duplicates > 0 && isWhole
        ? duplicateError(name, duplicates)
        : undefined,
    };
  }
}

/** Copies the values of rows that have but one each; yields where they end. */
function readSingles(
  { chunk, cell, step, count }: Rows,
  values: Float64Array,
  to: number,
): number {
  const { cells } = chunk;
  for (const end = to + count; to < end; to++, cell += step) {
    values[to] = cells[cell];
  }
  return to;
}

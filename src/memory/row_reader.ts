import type { CollectorError } from "../errors.ts";
import { duplicateError } from "../families/failures.ts";
import type { RawLabels } from "../families/label_set.ts";
import { type FamilyValues, valueArray } from "../families/values.ts";
import { SeriesTable } from "../families/series_table.ts";
import type { Exemplar, MetricFamily, Series } from "../types.ts";
import { readExemplar } from "./exemplar_cells.ts";
import type { RowsHeader } from "./family_header.ts";
import {
  type ChunkViews,
  FAMILY,
  integerAt,
  REMOVED,
  ROW,
  type RowCells,
  rowCells,
  rowOf,
} from "./layout.ts";
import {
  ChangedError,
  type FamilyView,
  isStill,
  type MemoryView,
  type Patience,
  readHistogram,
  type Rows,
} from "./view.ts";

export interface FamilyReading {
  readonly family?: MetricFamily;
  readonly failure?: CollectorError;
  /** Whether label sets may be missing that came and went meanwhile. */
  readonly isPartial?: boolean;
  /** Whether it is as it was when it was written last. */
  readonly isOld?: boolean;
}

/** Attempts to look through rows that come and go meanwhile. */
const PASSES = 64;

/** Attempts to read labels that change meanwhile. */
const LABEL_READS = 64;

export class RowReader {
  readonly #memory: MemoryView;
  readonly #header: RowsHeader;
  readonly #cells: RowCells;
  readonly #table: SeriesTable;
  /** The state in which each row was read, and its labels unless it is gone. */
  readonly #states: number[] = [];
  readonly #labels: (RawLabels | undefined)[] = [];
  /** Whether the table has placed the rows as they are. */
  #isPlaced = false;
  /** Whether a row is the one whose values a series has. */
  #isIncluded: readonly boolean[] = [];
  #series: readonly Series[] = [];

  /**
   * @param defaults The labels that the rows get where they lack them.
   * @param last The reader of the rows that the family had before. Usually they
   * come again, and their series stay the objects by which encoders know them.
   */
  constructor(
    memory: MemoryView,
    header: RowsHeader,
    defaults: Readonly<Record<string, string>>,
    last?: RowReader,
  ) {
    const { type, bounds } = header;
    this.#memory = memory;
    this.#cells = rowCells(header);
    this.#table = last !== undefined && last.#header.type === type
      ? last.#table
      : new SeriesTable(type, defaults);
    this.#header = {
      ...header,
      bounds: bounds && this.#table.boundsLike(bounds),
    };
  }

  /**
   * Reads all rows.
   *
   * @throws {ChangedError} If the family is another one by now.
   */
  read(family: FamilyView, patience: Patience): FamilyReading {
    const { words } = this.#header;
    for (let passes = 1;; passes++) {
      const changes = family.get(FAMILY.changes);
      const total = family.get(FAMILY.rows);
      const rows = [...this.#memory.rows(family, total, words)];
      for (const each of rows) this.#follow(each, family);
      // A label set that was removed may be there again, behind the others.
      const isWhole = family.isStill(FAMILY.changes, changes) &&
        family.get(FAMILY.rows) === total;
      if (isWhole || passes === PASSES || patience.isOver) {
        this.#place();
        return this.#readValues(rows, isWhole);
      }
    }
  }

  /** Reads the labels of rows that have changed, or are new or gone. */
  #follow({ chunk, cell, step, row, count }: Rows, family: FamilyView): void {
    const states = this.#states;
    const { integers } = chunk;
    for (const end = row + count; row < end; row++, cell += step) {
      const state = integers[integerAt(rowOf(cell), ROW.state)];
      if (state === states[row]) continue;
      const read = this.#readLabels(chunk, rowOf(cell));
      family.requireSame();
      this.#labels[row] = read.labels;
      this.#isPlaced = false;
      states[row] = read.state;
    }
  }

  /** Reads the labels of a row, which has none if it was removed. */
  #readLabels(
    { integers }: ChunkViews,
    row: number,
  ): { readonly state: number; readonly labels?: RawLabels } {
    const stateAt = integerAt(row, ROW.state);
    for (let reads = 0; reads < LABEL_READS; reads++) {
      const state = Atomics.load(integers, stateAt);
      if (state === REMOVED) return { state };
      if (state % 2 !== 0) continue;
      try {
        const address = integers[integerAt(row, ROW.labels)];
        const labels = this.#memory.json<RawLabels>(address);
        if (isStill(integers, stateAt, state)) return { state, labels };
      } catch (error) {
        if (!(error instanceof ChangedError)) throw error;
      }
    }
    throw new ChangedError("a row changes all the time");
  }

  #place(): void {
    if (this.#isPlaced) return;
    const { bounds } = this.#header;
    try {
      // While a row has a state, its labels are the same object.
      this.#isIncluded = this.#labels.map((labels) =>
        labels !== undefined && this.#table.place(labels, bounds, "")
      );
    } finally {
      this.#series = this.#table.end();
    }
    this.#isPlaced = true;
  }

  #readValues(rows: readonly Rows[], isWhole: boolean): FamilyReading {
    const { name, help, type, bounds } = this.#header;
    const cells = this.#cells;
    const series = this.#series;
    const values = valueArray(series.length * cells.values);
    const exemplars = new Map<number, Exemplar>();
    const isDense = bounds === undefined && cells.exemplars === 0 &&
      series.length === this.#labels.length;
    let to = 0;
    for (const each of rows) {
      if (isDense) {
        to = readSingles(each, values, to);
        continue;
      }
      const { chunk, step, row, count } = each;
      for (let i = 0, { cell } = each; i < count; i++, cell += step) {
        if (!this.#isIncluded[row + i]) continue;
        if (bounds === undefined) values[to] = chunk.cells[cell];
        else readHistogram(chunk, cell, bounds.length, values, to);
        for (let e = 0; e < cells.exemplars; e++) {
          const at = cell + cells.values + e;
          readExemplar(this.#memory, chunk.cells, at, exemplars, to + e);
        }
        to += cells.values;
      }
    }
    const origin = this.#table;
    return {
      family: { name, help, type, series, values, exemplars, origin },
      isPartial: !isWhole,
      // Where rows came and went, one may have been read in two places.
      failure: origin.duplicates > 0 && isWhole
        ? duplicateError(name, origin.duplicates)
        : undefined,
    };
  }
}

/** Copies the values of rows that have one each; yields where they end. */
function readSingles(
  { chunk, cell, step, count }: Rows,
  values: FamilyValues,
  to: number,
): number {
  const { cells } = chunk;
  for (const end = to + count; to < end; to++, cell += step) {
    values[to] = cells[cell];
  }
  return to;
}

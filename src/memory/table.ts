import { labelsJson, type RawLabels } from "../families/label_set.ts";
import type { CollectedExemplar } from "../types.ts";
import { Cell } from "./cell.ts";
import { clearExemplars, writeExemplar } from "./exemplar_cells.ts";
import type { FamilyHeader, RowsHeader } from "./family_header.ts";
import {
  cellOf,
  FAMILY,
  integerAt,
  type Place,
  REMOVED,
  ROW,
  type RowCells,
  rowCells,
  rowOf,
  rowsHeader,
} from "./layout.ts";
import type { Memory } from "./memory.ts";
import { FamilyRecord } from "./records.ts";
import { Segments } from "./segments.ts";

export interface TableOptions {
  readonly header: FamilyHeader;
  readonly isUnlabelled: boolean;
  /** Lists the objects whose cells are in the table, in the client's order. */
  readonly owners: () => Iterable<object>;
}

const FIRST_ROWS = 4;

/** Removed rows that are kept before the table is written again. */
const TOLERATED_REMOVALS = 32;

/**
 * The rows of one metric in shared memory, for its only writer. They stand in the
 * client's order; removed ones stay until the table is written again.
 */
export class Table {
  readonly family: FamilyRecord;
  readonly #memory: Memory;
  readonly #header: RowsHeader;
  readonly #owners: () => Iterable<object>;
  readonly #cells: RowCells;
  /** Cells of a row. */
  readonly #length: number;
  readonly #segments: Segments;
  #removed = 0;
  /** Whether new label sets get cells outside of shared memory. */
  #isLeft = false;

  constructor(memory: Memory, { header, isUnlabelled, owners }: TableOptions) {
    this.#memory = memory;
    this.#header = rowsHeader(header);
    this.#owners = owners;
    this.#cells = rowCells(header);
    this.#length = this.#cells.values + this.#cells.exemplars;
    this.family = new FamilyRecord(memory, this.#header);
    this.#segments = new Segments(
      this.family,
      this.#header.words,
      isUnlabelled ? 1 : FIRST_ROWS,
    );
  }

  /** How many rows readers see. */
  get rows(): number {
    return this.#segments.rows - this.#removed;
  }

  rename(name: string, help: string): void {
    this.family.setHeader({ ...this.#header, name, help });
  }

  /** Adds a row, and tells its owner where the cells are. */
  append(owner: object, labels: RawLabels, values: ArrayLike<number>): void {
    if (this.#isLeft) {
      const cells = new Float64Array(this.#length);
      cells.set(values);
      return Cell.move(owner, cells, 0);
    }
    const place = this.#segments.place();
    const { chunk: { integers, cells }, word } = place;
    const text = this.#memory.writeText(labelsJson(labels));
    integers[integerAt(word, ROW.state)] = 0;
    integers[integerAt(word, ROW.labels)] = text;
    cells[word + ROW.created] = NaN;
    this.#write(place, values);
    Cell.move(owner, cells, cellOf(word));
    this.#segments.publish();
  }

  remove(owner: object): void {
    const place = this.#rowOf(owner);
    if (place === undefined) return;
    const { chunk: { integers }, word } = place;
    // Unlike a store, an exchange comes before all that is written after it:
    // freed memory may be written at once.
    Atomics.exchange(integers, integerAt(word, ROW.state), REMOVED);
    this.#free(place);
    this.#removed++;
    this.family.increment(FAMILY.changes);
    // A child that the application kept keeps its value.
    Cell.retireAll([owner], this.#length);
  }

  /** Writes the table again without removed rows, if these are many. */
  tidy(): void {
    if (this.#removed <= Math.max(TOLERATED_REMOVALS, this.rows)) return;
    this.family.begin();
    try {
      const release = this.#segments.empty();
      this.#removed = 0;
      for (const owner of this.#owners()) this.#moveRow(owner);
      release();
    } finally {
      this.family.end();
    }
  }

  rewrite(owner: object, values: ArrayLike<number>): void {
    const place = this.#rowOf(owner);
    if (place === undefined) return;
    this.#change(place, () => {
      this.#clearExemplars(place);
      this.#write(place, values);
    });
  }

  /** Gives a row other labels, if they are written differently. */
  relabel(owner: object, labels: RawLabels): void {
    const place = this.#rowOf(owner);
    if (place === undefined) return;
    const { integers } = place.chunk;
    const at = integerAt(place.word, ROW.labels);
    const old = integers[at];
    const text = labelsJson(labels);
    if (text === this.#memory.readText(old)) return;
    const address = this.#memory.writeText(text);
    this.#change(place, () => integers[at] = address);
    this.#memory.freeText(old);
  }

  setExemplar(owner: object, index: number, exemplar: CollectedExemplar): void {
    const place = this.#rowOf(owner);
    if (place === undefined) return;
    const cell = cellOf(place.word) + this.#cells.values + index;
    writeExemplar(this.#memory, place.chunk.cells, cell, exemplar);
  }

  clear(): void {
    this.family.begin();
    Cell.retireAll([...this.#owners()], this.#length);
    for (const place of this.#segments) {
      const state = place.chunk.integers[integerAt(place.word, ROW.state)];
      if (state !== REMOVED) this.#free(place);
    }
    this.#removed = 0;
    const release = this.#segments.empty();
    this.family.endClearing();
    release();
  }

  /** Tells readers that the family is not live any more, and writes no new rows. */
  leave(): void {
    this.#isLeft = true;
    this.family.leave();
  }

  dispose(): void {
    this.#isLeft = true;
    this.clear();
    this.family.dispose();
  }

  #moveRow(owner: object): void {
    const from = this.#rowOf(owner);
    if (from === undefined) return;
    const to = this.#segments.place();
    const end = from.word + this.#header.words;
    to.chunk.cells.set(from.chunk.cells.subarray(from.word, end), to.word);
    Cell.move(owner, to.chunk.cells, cellOf(to.word));
    this.#segments.publish();
  }

  #rowOf(owner: object): Place | undefined {
    const chunk = this.#memory.chunkOf(Cell.cells(owner));
    return chunk && { chunk, word: rowOf(Cell.at(owner)) };
  }

  /** Changes a row; its state tells readers. */
  #change({ chunk: { integers }, word }: Place, change: () => void): void {
    const state = integerAt(word, ROW.state);
    Atomics.add(integers, state, 1);
    change();
    Atomics.add(integers, state, 1);
    this.family.increment(FAMILY.changes);
  }

  /** Writes values, and zeros into the cells that they do not reach. */
  #write({ chunk: { cells }, word }: Place, values: ArrayLike<number>): void {
    const at = cellOf(word);
    cells.set(values, at);
    cells.fill(0, at + values.length, at + this.#length);
  }

  #free(place: Place): void {
    const { chunk: { integers }, word } = place;
    this.#memory.freeText(integers[integerAt(word, ROW.labels)]);
    this.#clearExemplars(place);
  }

  #clearExemplars({ chunk: { cells }, word }: Place): void {
    const { values, exemplars } = this.#cells;
    clearExemplars(this.#memory, cells, cellOf(word) + values, exemplars);
  }
}

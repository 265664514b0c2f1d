import { labelsJson, type RawLabels } from "../families/raw_labels.ts";
import type { CollectedExemplar } from "../types.ts";
import { Cell } from "./cell.ts";
import { clearExemplars, writeExemplar } from "./exemplars.ts";
import type { FamilyHeader, RowsHeader } from "./family_header.ts";
import {
  cellOf,
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

/** What a table needs to know of the rows' owner. */
export interface TableOptions {
  /** What readers are told of the family. */
  readonly header: FamilyHeader;
  /** Whether there is but one label set. */
  readonly isUnlabelled: boolean;
  /**
   * Lists the objects whose cells are in the table, in the client's order. They
   * are moved when too many rows were removed.
   */
  readonly owners: () => Iterable<object>;
}

/** The rows that a labelled family has room for at first. */
const FIRST_ROWS = 4;

/** Removed rows that are kept before the table is written again. */
const TOLERATED_REMOVALS = 32;

/**
 * The rows of one metric in shared memory, as its only writer sees them.
 *
 * Rows stand in the client's order: new ones come last, and those that were
 * removed stay until the table is written again.
 */
export class Table {
  /** What readers know it by. */
  readonly family: FamilyRecord;
  readonly #memory: Memory;
  readonly #header: RowsHeader;
  readonly #owners: () => Iterable<object>;
  readonly #cells: RowCells;
  /** How many cells a row has. */
  readonly #length: number;
  readonly #segments: Segments;
  #removed = 0;
  /** Whether new label sets get no rows any more. */
  #isLeft = false;

  /** Makes a table without rows. */
  constructor(memory: Memory, { header, isUnlabelled, owners }: TableOptions) {
    this.#memory = memory;
    this.#header = rowsHeader(header);
    this.#owners = owners;
    this.#cells = rowCells(header);
    this.#length = this.#cells.values + this.#cells.exemplars;
    this.family = new FamilyRecord(memory, this.#header);
    this.#segments = new Segments(
      memory,
      this.family,
      this.#header.words,
      isUnlabelled ? 1 : FIRST_ROWS,
    );
  }

  /** How many rows readers see. */
  get rows(): number {
    return this.#segments.rows - this.#removed;
  }

  /** Tells readers another name, and another help text. */
  rename(name: string, help: string): void {
    this.family.setHeader({ ...this.#header, name, help });
  }

  /**
   * Adds a row, and tells its owner where the cells are.
   *
   * @param values The first values; cells that they do not reach are 0.
   */
  append(
    labels: RawLabels,
    values: ArrayLike<number>,
    own: (cells: Float64Array, at: number) => void,
  ): void {
    if (this.#isLeft) {
      const cells = new Float64Array(this.#length);
      cells.set(values);
      return own(cells, 0);
    }
    const place = this.#segments.place();
    const { chunk: { integers, cells }, word } = place;
    const text = this.#memory.writeText(labelsJson(labels));
    integers[integerAt(word, ROW.state)] = 0;
    integers[integerAt(word, ROW.labels)] = text;
    cells[word + ROW.created] = NaN;
    this.#write(place, values);
    own(cells, cellOf(word));
    this.#segments.publish();
  }

  /** Removes a row. */
  remove(owner: object): void {
    const place = this.#rowOf(owner);
    if (place === undefined) return;
    const { chunk: { integers }, word } = place;
    // Unlike a store, an exchange comes before all that is written after it: what
    // is freed may be written at once.
    Atomics.exchange(integers, integerAt(word, ROW.state), REMOVED);
    this.#free(place);
    this.#removed++;
    this.family.change();
    // A child that the application kept has the value that it had.
    Cell.retireAll([owner], this.#length);
  }

  /** Writes the table again without the rows that were removed, if they are many. */
  tidy(): void {
    if (this.#removed <= Math.max(TOLERATED_REMOVALS, this.rows)) return;
    this.family.begin();
    try {
      const release = this.#empty();
      for (const owner of this.#owners()) this.#moveRow(owner);
      release();
    } finally {
      this.family.end();
    }
  }

  /** Gives a row other values, all at once. */
  rewrite(owner: object, values: ArrayLike<number>): void {
    const place = this.#rowOf(owner);
    if (place === undefined) return;
    this.#change(place, () => {
      this.#clearExemplars(place);
      this.#write(place, values);
    });
  }

  /** Gives a row other labels, if they read otherwise. */
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

  /** Publishes an exemplar of the row's value, or of one of its buckets. */
  setExemplar(
    owner: object,
    index: number,
    exemplar: CollectedExemplar,
  ): void {
    const place = this.#rowOf(owner);
    if (place === undefined) return;
    const cell = cellOf(place.word) + this.#cells.values + index;
    writeExemplar(this.#memory, place.chunk.cells, cell, exemplar);
  }

  /** Removes all rows. */
  clear(): void {
    this.family.begin();
    Cell.retireAll([...this.#owners()], this.#length);
    for (const place of this.#segments) {
      const state = place.chunk.integers[integerAt(place.word, ROW.state)];
      if (state !== REMOVED) this.#free(place);
    }
    const release = this.#empty();
    this.family.endClearing();
    release();
  }

  /**
   * Leaves shared memory to others: readers are told that the family is not live
   * any more, and label sets that come now get cells that nobody reads.
   */
  leave(): void {
    this.#isLeft = true;
    this.family.leave();
  }

  /** Gives everything back. */
  dispose(): void {
    this.#isLeft = true;
    this.clear();
    this.family.dispose();
  }

  /** Writes a row again, after those that were. */
  #moveRow(owner: object): void {
    const from = this.#rowOf(owner);
    if (from === undefined) return;
    const to = this.#segments.place();
    const end = from.word + this.#header.words;
    to.chunk.cells.set(from.chunk.cells.subarray(from.word, end), to.word);
    Cell.move(owner, to.chunk.cells, cellOf(to.word));
    this.#segments.publish();
  }

  #empty(): () => void {
    this.#removed = 0;
    return this.#segments.empty();
  }

  /** Finds the row of an owner, if it has one. */
  #rowOf(owner: object): Place | undefined {
    const chunk = this.#memory.chunkOf(Cell.cells(owner));
    return chunk && { chunk, word: rowOf(Cell.at(owner)) };
  }

  /** Changes a row while readers find it so. */
  #change({ chunk: { integers }, word }: Place, change: () => void): void {
    const state = integerAt(word, ROW.state);
    Atomics.add(integers, state, 1);
    change();
    Atomics.add(integers, state, 1);
    this.family.change();
  }

  /** Writes values, and zeros into the cells that they do not reach. */
  #write({ chunk: { cells }, word }: Place, values: ArrayLike<number>): void {
    const at = cellOf(word);
    cells.set(values, at);
    cells.fill(0, at + values.length, at + this.#length);
  }

  /** Gives back what a row refers to. */
  #free(place: Place): void {
    const { chunk: { integers }, word } = place;
    this.#memory.freeText(integers[integerAt(word, ROW.labels)]);
    this.#clearExemplars(place);
  }

  #clearExemplars({ chunk: { cells }, word }: Place): void {
    const { values, exemplars } = this.#cells;
    if (exemplars === 0) return;
    clearExemplars(this.#memory, cells, cellOf(word) + values, exemplars);
  }
}

import type { RawLabels } from "../clients/labels.ts";
import type { CollectedExemplar } from "../types.ts";
import { Cell } from "../metrics/cell.ts";
import type { FamilyHeader } from "./family_header.ts";
import { FamilyRecord } from "./family_record.ts";
import {
  cellOf,
  EXEMPLAR,
  exemplarCells,
  FAMILY,
  integerAt,
  REMOVED,
  ROW,
  rowOf,
  rowWords,
  valueCells,
} from "./layout.ts";
import { labelsText } from "./labels_text.ts";
import type { ChunkViews, Memory } from "./memory.ts";
import { type RowPlace, Segments } from "./segments.ts";

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

/** So many rows may be removed before anybody minds. */
const TOLERATED_REMOVALS = 32;

/**
 * The rows of one metric in shared memory, as its only writer sees them.
 *
 * Rows stand in the client's order: new ones come last, and those that were
 * removed stay until the table is written anew.
 */
export class Table {
  /** What readers know it by. */
  readonly family: FamilyRecord;
  readonly #memory: Memory;
  readonly #header: FamilyHeader;
  readonly #owners: () => Iterable<object>;
  readonly #cells: number;
  readonly #valueCells: number;
  readonly #segments: Segments;
  #removed = 0;
  #holds = 0;
  /** Whether it was cleared since. */
  #isHeld = false;
  #isDisposed = false;
  /** Whether new label sets get no rows any more. */
  #isLeft = false;

  /** Makes a table without rows. */
  constructor(memory: Memory, { header, isUnlabelled, owners }: TableOptions) {
    this.#memory = memory;
    this.#header = header;
    this.#owners = owners;
    this.#valueCells = valueCells(header);
    this.#cells = this.#valueCells + exemplarCells(header);
    this.family = new FamilyRecord(memory, header);
    this.#segments = new Segments(
      memory,
      this.family,
      this.#cells,
      isUnlabelled ? 1 : FIRST_ROWS,
    );
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
      const cells = new Float64Array(this.#cells);
      cells.set(values);
      return own(cells, 0);
    }
    const { chunk, row, at } = this.#segments.place();
    const text = this.#memory.writeText(labelsText(labels));
    chunk.integers[integerAt(row, ROW.state)] = 0;
    chunk.integers[integerAt(row, ROW.labels)] = text;
    write(chunk.cells, at, this.#cells, values);
    own(chunk.cells, at);
    this.#segments.publish();
  }

  /** Removes a row. */
  remove(owner: object): void {
    const place = this.#rowOf(owner);
    if (place === undefined) return;
    const { chunk, row } = place;
    const { integers } = chunk;
    // Unlike a store, an exchange comes before all that is written after it: what
    // is freed may be written at once.
    Atomics.exchange(integers, integerAt(row, ROW.state), REMOVED);
    this.#free(chunk, row);
    this.#removed++;
    this.family.change();
    // Whoever was handed it keeps the value that it had.
    Cell.retireAll([owner], this.#cells);
  }

  /** Writes the table anew, without the rows that were removed, if they are many. */
  tidy(): void {
    const kept = this.#segments.rows - this.#removed;
    if (this.#removed <= Math.max(TOLERATED_REMOVALS, kept)) return;
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
    const { chunk, row, at } = place;
    this.#change(chunk, row, () => {
      this.#freeExemplars(chunk, at);
      write(chunk.cells, at, this.#cells, values);
    });
  }

  /** Gives a row other labels, if they read otherwise. */
  relabel(owner: object, labels: RawLabels): void {
    const place = this.#rowOf(owner);
    if (place === undefined) return;
    const { chunk, row } = place;
    const at = integerAt(row, ROW.labels);
    const old = chunk.integers[at];
    const text = labelsText(labels);
    if (text === this.#memory.readText(old)) return;
    const address = this.#memory.writeText(text);
    this.#change(chunk, row, () => chunk.integers[at] = address);
    this.#memory.freeText(old);
  }

  /** Publishes an exemplar of the row's value, or of one of its buckets. */
  setExemplar(
    owner: object,
    index: number,
    { labelSet, value, timestamp = NaN }: CollectedExemplar,
  ): void {
    const place = this.#rowOf(owner);
    if (place === undefined || typeof value !== "number") return;
    const { chunk, at } = place;
    const cell = at + this.#valueCells + index;
    const memory = this.#memory;
    const labels = memory.writeText(labelsText(labelSet));
    const address = memory.allocate(EXEMPLAR.bytes);
    const exemplar = memory.at(address);
    const { integers, cells } = exemplar.chunk;
    const stamp = integerAt(exemplar.word, EXEMPLAR.stamp);
    // First of all: who still reads another exemplar here must find out.
    Atomics.exchange(integers, stamp, memory.unique());
    integers[integerAt(exemplar.word, EXEMPLAR.labels)] = labels;
    cells[exemplar.word + EXEMPLAR.value] = value;
    cells[exemplar.word + EXEMPLAR.timestamp] = timestamp;
    const old = chunk.cells[cell];
    // Cells have no atomic store: a change that changes nothing is one.
    Atomics.add(integers, stamp, 0);
    chunk.cells[cell] = address;
    this.#freeExemplar(old);
  }

  /** Removes all rows. */
  clear(): void {
    this.family.begin();
    Cell.retireAll([...this.#owners()], this.#cells);
    this.#freeRows();
    const release = this.#empty();
    // Who clears it while it is held sets it anew: readers see that only.
    if (this.#holds > 0 && !this.#isHeld) {
      this.#isHeld = true;
      this.family.set(FAMILY.held, 1);
    } else this.family.end();
    release();
  }

  /**
   * Leaves shared memory to others: label sets that come now get cells of their
   * own, which nobody reads.
   */
  leave(): void {
    this.#isLeft = true;
  }

  /** Lets readers see no cleared table until {@linkcode Table.letGo}. */
  hold(): void {
    this.#holds++;
  }

  /** Lets readers in again, if nobody else holds it. */
  letGo(): void {
    if (--this.#holds > 0 || !this.#isHeld || this.#isDisposed) return;
    this.#isHeld = false;
    this.family.set(FAMILY.held, 0);
    this.family.end();
  }

  /** Gives everything back. */
  dispose(): void {
    this.#isDisposed = true;
    this.#isLeft = true;
    this.clear();
    this.family.dispose();
  }

  /** Writes a row again, after those that were. */
  #moveRow(owner: object): void {
    const from = this.#rowOf(owner);
    if (from === undefined) return;
    const to = this.#segments.place();
    const end = from.row + rowWords(this.#cells);
    to.chunk.cells.set(from.chunk.cells.subarray(from.row, end), to.row);
    Cell.move(owner, to.chunk.cells, to.at);
    this.#segments.publish();
  }

  #empty(): () => void {
    this.#removed = 0;
    return this.#segments.empty();
  }

  /** Finds the row of an owner, if it has one. */
  #rowOf(owner: object): RowPlace | undefined {
    const at = Cell.at(owner);
    const chunk = this.#memory.chunkOf(Cell.cells(owner));
    return chunk && { chunk, row: rowOf(at), at };
  }

  #change({ integers }: ChunkViews, row: number, change: () => void): void {
    const state = integerAt(row, ROW.state);
    Atomics.add(integers, state, 1);
    change();
    Atomics.add(integers, state, 1);
    this.family.change();
  }

  /** Gives back what the rows refer to. */
  #freeRows(): void {
    for (const { chunk, row } of this.#segments) {
      const state = chunk.integers[integerAt(row, ROW.state)];
      if (state !== REMOVED) this.#free(chunk, row);
    }
  }

  #free(chunk: ChunkViews, row: number): void {
    this.#memory.freeText(chunk.integers[integerAt(row, ROW.labels)]);
    this.#freeExemplars(chunk, cellOf(row));
  }

  #freeExemplars({ cells }: ChunkViews, at: number): void {
    for (let cell = this.#valueCells; cell < this.#cells; cell++) {
      const address = cells[at + cell];
      // Who still reads it finds out that it is no longer the row's.
      cells[at + cell] = 0;
      this.#freeExemplar(address);
    }
  }

  #freeExemplar(address: number): void {
    if (address === 0) return;
    const { chunk, word } = this.#memory.at(address);
    this.#memory.freeText(chunk.integers[integerAt(word, EXEMPLAR.labels)]);
    this.#memory.free(address, EXEMPLAR.bytes);
  }
}

/** Writes values, and zeros into the cells that they do not reach. */
function write(
  cells: Float64Array,
  at: number,
  length: number,
  values: ArrayLike<number>,
): void {
  cells.set(values, at);
  cells.fill(0, at + values.length, at + length);
}

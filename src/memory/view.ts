import type { FamilyValues } from "../families/values.ts";
import { cumulate, HISTOGRAM } from "./cell.ts";
import {
  cellOf,
  chunkOf,
  type ChunkViews,
  FAMILY,
  integerAt,
  type MemoryChunk,
  type Place,
  REMOVED,
  ROW,
  rowAt,
  rowOf,
  SEGMENT,
  textAt,
  viewsOf,
  wordOf,
} from "./layout.ts";

/** Attempts without a wait. */
const SPINS = 16;

const WAIT_MS = 1;

/** The time of all attempts of a reading together. */
const PATIENCE_MS = 30;

/** Attempts to read a histogram that is observed meanwhile, and its buckets. */
const HISTOGRAM_READS = 1024;
const BUCKET_READS = 64;

const own = new Int32Array(new SharedArrayBuffer(4));

/** The record has changed while it was read. */
export class ChangedError extends Error {
  override name = "ChangedError";
}

/** The record refers to memory that this thread was not handed yet. */
export class MissingMemoryError extends Error {
  override name = "MissingMemoryError";
}

/** The time that a reader has for all that it reads at once. */
export class Patience {
  readonly #end = performance.now() + PATIENCE_MS;

  /** Whether the rest is tried only once. */
  get isOver(): boolean {
    return performance.now() > this.#end;
  }

  wait(): void {
    Atomics.wait(own, 0, 0, WAIT_MS);
  }
}

export interface Rows {
  readonly chunk: ChunkViews;
  /** The first cell of the first of them, and how far it is to the next. */
  readonly cell: number;
  readonly step: number;
  readonly row: number;
  readonly count: number;
}

/**
 * Shared memory, for readers. It may change at any moment, so a read may return
 * garbage: the caller checks afterwards. Nothing here reads beyond the memory.
 */
export class MemoryView {
  readonly #chunks: (ChunkViews | undefined)[] = [];

  add({ index, buffer }: MemoryChunk): void {
    this.#chunks[index] = viewsOf(buffer);
  }

  /**
   * Finds the place of an address.
   *
   * @throws {ChangedError} If no chunk has such an address.
   * @throws {MissingMemoryError} If it is in memory that has not arrived.
   */
  at(address: number, words = 1): Place {
    if (!(address > 0)) throw new ChangedError(`nothing at ${address}`);
    const chunk = this.#chunks[chunkOf(address)];
    if (chunk === undefined) throw new MissingMemoryError(`${address}`);
    const word = wordOf(address);
    if (!(words >= 0 && word + words <= chunk.cells.length)) {
      throw new ChangedError(`nothing at ${address}`);
    }
    return { chunk, word };
  }

  /** Parses a text of JSON; throws as `at()` does. */
  json<Value>(address: number): Value {
    const place = this.at(address);
    try {
      return JSON.parse(textAt(place) ?? "");
    } catch {
      throw new ChangedError(`no JSON at ${address}`);
    }
  }

  /**
   * Finds the published rows of a family, each of as many words.
   *
   * @throws {ChangedError} If the family is another one by now.
   */
  *rows(family: FamilyView, total: number, words: number): Generator<Rows> {
    let address = family.get(FAMILY.segment);
    for (let row = 0; row < total;) {
      const { chunk, word } = this.at(address);
      const capacity = chunk.integers[integerAt(word, SEGMENT.capacity)];
      const count = Math.min(capacity, total - row);
      address = chunk.integers[integerAt(word, SEGMENT.next)];
      // A stale link may form a loop.
      family.requireSame();
      if (!(count > 0 && rowAt(word, count, words) <= chunk.cells.length)) {
        throw new ChangedError("no such segment");
      }
      const cell = cellOf(rowAt(word, 0, words));
      yield { chunk, cell, step: words, row, count };
      row += count;
    }
  }
}

/** A block of integers as readers follow it; the first is its sequence. */
export class RecordView {
  readonly #integers: Int32Array;
  readonly #first: number;

  constructor({ chunk, word }: Place) {
    this.#integers = chunk.integers;
    this.#first = integerAt(word, 0);
  }

  /** Whether the sequence will be odd for longer than is worth waiting for. */
  get isHeld(): boolean {
    return false;
  }

  get(field: number): number {
    return Atomics.load(this.#integers, this.#first + field);
  }

  isStill(field: number, expected: number): boolean {
    return isStill(this.#integers, this.#first + field, expected);
  }

  /**
   * Calls `read` until the sequence stood still meanwhile, and yields its result;
   * `undefined` if it never does, or if memory is missing.
   */
  readStable<Result>(
    patience: Patience,
    read: (sequence: number) => Result,
  ): Result | undefined {
    for (let attempt = 0;; attempt++) {
      if (attempt > 0 && (patience.isOver || this.isHeld)) return undefined;
      if (attempt >= SPINS) patience.wait();
      const sequence = this.get(0);
      if (sequence % 2 !== 0) continue;
      try {
        const result = read(sequence);
        if (this.isStill(0, sequence)) return result;
      } catch (error) {
        if (error instanceof ChangedError) continue;
        if (!this.isStill(0, sequence)) continue;
        // Memory arrives when the event loop turns: waiting would keep it away.
        if (error instanceof MissingMemoryError) return undefined;
        throw error;
      }
    }
  }
}

export class FamilyView extends RecordView {
  readonly #identity: number;
  #generation = 0;

  constructor(place: Place, identity: number) {
    super(place);
    this.#identity = identity;
  }

  override get isHeld(): boolean {
    return this.get(FAMILY.held) === 1 || !this.#isThere;
  }

  /** Begins to read the contents of now; yields their generation. */
  begin(): number {
    return this.#generation = this.get(FAMILY.generation);
  }

  /** @throws {ChangedError} If the contents are others than at the beginning. */
  requireSame(): void {
    const isSame = this.isStill(FAMILY.generation, this.#generation);
    if (isSame && this.#isThere) return;
    throw new ChangedError("the family is another one");
  }

  /** The block may be another family's by now, or no family's. */
  get #isThere(): boolean {
    return this.get(FAMILY.identity) === this.#identity;
  }
}

/**
 * Tells whether an integer is what it was before other memory was read. Some
 * processors let those reads come after an atomic load, but not after a change.
 */
export function isStill(
  integers: Int32Array,
  at: number,
  expected: number,
): boolean {
  Atomics.add(own, 0, 0);
  return Atomics.load(integers, at) === expected;
}

/**
 * Reads the values of a histogram while it may be observed: again until nothing
 * was counted in between, so that all are of one moment, except an observation
 * that is being made. Where buckets are too many for that, only count and sum are
 * of one moment, and the buckets of an earlier one.
 *
 * @param values Gets the values up to each bound, the count and the sum, from the
 * index `to` on.
 * @throws {ChangedError} If the row changes all the time.
 */
export function readHistogram(
  { integers, cells }: ChunkViews,
  cell: number,
  buckets: number,
  values: FamilyValues,
  to: number,
): void {
  const stateAt = integerAt(rowOf(cell), ROW.state);
  let bucketState = NaN;
  for (let reads = 0; reads < HISTOGRAM_READS; reads++) {
    const state = Atomics.load(integers, stateAt);
    const before = cells[cell + HISTOGRAM.count];
    let upToBound = 0;
    if (reads < BUCKET_READS || state !== bucketState) {
      bucketState = state;
      upToBound = cumulate(cells, cell, buckets, values, to);
    } else if (buckets > 0) upToBound = values[to + buckets - 1];
    values[to + buckets + 1] = cells[cell + HISTOGRAM.sum];
    const isSame = isStill(integers, stateAt, state);
    const count = cells[cell + HISTOGRAM.count];
    // Some processors let others see the bucket before the count.
    values[to + buckets] = Math.max(count, upToBound);
    // A row that was removed does not change any more.
    const isWhole = isSame && (state % 2 === 0 || state === REMOVED);
    if (isWhole && count === before) return;
  }
  throw new ChangedError("a row changes all the time");
}

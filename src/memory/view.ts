import { HISTOGRAM } from "./cell.ts";
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

/** How often a reader tries at once. */
const SPINS = 16;

/** How long it waits before it tries again, in milliseconds. */
const WAIT_MS = 1;

/** How long all attempts of a reading take together, in milliseconds. */
const PATIENCE_MS = 30;

/** How often a histogram is read that is observed meanwhile, and its buckets. */
const HISTOGRAM_READS = 1024;
const BUCKET_READS = 64;

/** Nobody else has this memory. */
const own = new Int32Array(new SharedArrayBuffer(4));

/** What was read cannot be right: it has changed meanwhile. */
export class ChangedError extends Error {
  override name = "ChangedError";
}

/** What was read refers to memory that this thread was not handed yet. */
export class MissingMemoryError extends Error {
  override name = "MissingMemoryError";
}

/** How long a reader tries, in all that it reads at once. */
export class Patience {
  readonly #end = performance.now() + PATIENCE_MS;

  /** Whether the rest is tried only once. */
  get isOver(): boolean {
    return performance.now() > this.#end;
  }

  /** Waits a little. */
  wait(): void {
    Atomics.wait(own, 0, 0, WAIT_MS);
  }
}

/** Some rows that stand one after the other. */
export interface Rows {
  readonly chunk: ChunkViews;
  /** The first cell of the first of them, and how far it is to the next. */
  readonly cell: number;
  readonly step: number;
  /** Which row of the family the first is. */
  readonly row: number;
  readonly count: number;
}

/**
 * Shared memory as readers have it.
 *
 * It may change at any moment, so a read may return garbage: the caller checks
 * afterwards. Nothing here reads beyond the memory.
 */
export class MemoryView {
  readonly #chunks: (ChunkViews | undefined)[] = [];

  /** Takes memory that was handed over. */
  add({ index, buffer }: MemoryChunk): void {
    this.#chunks[index] = viewsOf(buffer);
  }

  /**
   * Finds what an address means.
   *
   * @throws {ChangedError} If it means nothing.
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

  /**
   * Reads a text that was written as JSON.
   *
   * @throws {ChangedError} If it is none.
   * @throws {MissingMemoryError} If it is in memory that has not arrived.
   */
  json<Value>(address: number): Value {
    const { chunk, word } = this.at(address);
    try {
      return JSON.parse(textAt(chunk, word) ?? "");
    } catch {
      throw new ChangedError(`no JSON at ${address}`);
    }
  }

  /**
   * Finds the rows of a family that are published.
   *
   * @param family The family.
   * @param total How many rows there are.
   * @param words How many words a row takes.
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

  /** Follows the block in a place. */
  constructor({ chunk, word }: Place) {
    this.#integers = chunk.integers;
    this.#first = integerAt(word, 0);
  }

  /** Whether the sequence will be odd for longer than is worth waiting for. */
  get isHeld(): boolean {
    return false;
  }

  /** Reads an integer, before all that is read afterwards. */
  get(field: number): number {
    return Atomics.load(this.#integers, this.#first + field);
  }

  /** Tells whether an integer is what it was before other memory was read. */
  isStill(field: number, expected: number): boolean {
    return isStill(this.#integers, this.#first + field, expected);
  }

  /**
   * Reads what the sequence guards.
   *
   * @param patience For how long it tries.
   * @param read Reads; it may find anything, and be called again.
   * @returns What was read, if nothing has changed meanwhile; `undefined` if that
   * was never so, or if memory is missing.
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
        // It arrives when the thread has turned: waiting would keep it away.
        if (error instanceof MissingMemoryError) return undefined;
        throw error;
      }
    }
  }
}

/** A family as readers follow it, as long as it is the same. */
export class FamilyView extends RecordView {
  readonly #identity: number;
  #generation = 0;

  /** Follows the family in a place. */
  constructor(place: Place, identity: number) {
    super(place);
    this.#identity = identity;
  }

  override get isHeld(): boolean {
    return this.get(FAMILY.held) === 1 || !this.#isThere;
  }

  /** Begins to read the contents that it has now; yields their number. */
  begin(): number {
    return this.#generation = this.get(FAMILY.generation);
  }

  /**
   * Checks that what was read is of the contents that it had.
   *
   * @throws {ChangedError} If it is not.
   */
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
 * Tells whether an integer is what it was before other memory was read.
 *
 * An atomic load lets reads that come before it in the program come after it on
 * some processors. They stay before an atomic change.
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
 * Reads the values of a histogram while it may be observed: until nothing was
 * counted in between, so that all are of one moment, but for an observation that
 * is being made. Where buckets are too many for that, it is so for count and sum,
 * and the buckets are of a moment before.
 *
 * @param chunk The memory that it is in.
 * @param cell Its first cell.
 * @param buckets How many buckets it has.
 * @param values Where the values go: up to each bound, the count, the sum.
 * @param to The index of the first of them.
 * @throws {ChangedError} If that could not be done.
 */
export function readHistogram(
  { integers, cells }: ChunkViews,
  cell: number,
  buckets: number,
  values: Float64Array,
  to: number,
): void {
  const stateAt = integerAt(rowOf(cell), ROW.state);
  /** The state in which the buckets were read last. */
  let bucketState = NaN;
  for (let reads = 0; reads < HISTOGRAM_READS; reads++) {
    const state = Atomics.load(integers, stateAt);
    const before = cells[cell + HISTOGRAM.count];
    let upToBound = 0;
    if (reads < BUCKET_READS || state !== bucketState) {
      bucketState = state;
      for (let i = 0; i < buckets; i++) {
        upToBound += cells[cell + HISTOGRAM.buckets + i];
        values[to + i] = upToBound;
      }
    } else if (buckets > 0) upToBound = values[to + buckets - 1];
    values[to + buckets + 1] = cells[cell + HISTOGRAM.sum];
    const isSame = isStill(integers, stateAt, state);
    const count = cells[cell + HISTOGRAM.count];
    // Some processors let others see the bucket before the count.
    values[to + buckets] = Math.max(count, upToBound);
    // One that is gone is as it was.
    const isWhole = isSame && (state % 2 === 0 || state === REMOVED);
    if (isWhole && count === before) return;
  }
  throw new ChangedError("a row changes all the time");
}

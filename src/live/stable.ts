/** How often a reader tries at once. */
const SPINS = 16;

/** How long it waits before it tries again, in milliseconds. */
const WAIT_MS = 1;

/** How long all attempts of a reading take together, in milliseconds. */
const PATIENCE_MS = 30;

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

  /** Whether what was not read yet is tried once only. */
  get isOver(): boolean {
    return performance.now() > this.#end;
  }

  /** Waits a little. */
  wait(): void {
    Atomics.wait(own, 0, 0, WAIT_MS);
  }
}

/** A sequence number, which is odd while what it guards is changed. */
export interface Sequence {
  /** Where it is. */
  readonly integers: Int32Array;
  /** Its index there. */
  readonly at: number;
  /** Tells whether it will be odd for longer than is worth waiting for. */
  readonly isHeld?: () => boolean;
}

/**
 * Reads what is guarded by a sequence number.
 *
 * @param sequence The sequence number.
 * @param patience For how long it tries.
 * @param read Reads; it may find anything, and be called again.
 * @returns What was read, if nothing has changed meanwhile; `undefined` if that
 * was never so, or if memory is missing.
 */
export function readStable<Result>(
  { integers, at, isHeld = () => false }: Sequence,
  patience: Patience,
  read: (sequence: number) => Result,
): Result | undefined {
  for (let attempt = 0;; attempt++) {
    if (attempt > 0 && (patience.isOver || isHeld())) return undefined;
    if (attempt >= SPINS) patience.wait();
    const sequence = Atomics.load(integers, at);
    if (sequence % 2 !== 0) continue;
    try {
      const result = read(sequence);
      if (isStill(integers, at, sequence)) return result;
    } catch (error) {
      if (error instanceof ChangedError) continue;
      if (!isStill(integers, at, sequence)) continue;
      // It arrives when the thread has turned: waiting would keep it away.
      if (error instanceof MissingMemoryError) return undefined;
      throw error;
    }
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

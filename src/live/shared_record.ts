import { integerAt } from "./layout.ts";
import type { Memory, Place } from "./memory.ts";

/** A block of integers that readers follow. */
export class SharedRecord {
  /** Its address. */
  readonly address: number;
  readonly #place: Place;

  /** Takes a block, with whatever is in it. */
  constructor(memory: Memory, bytes: number) {
    this.address = memory.allocate(bytes);
    this.#place = memory.at(this.address);
  }

  /** Reads an integer. */
  get(field: number): number {
    const { chunk, word } = this.#place;
    return chunk.integers[integerAt(word, field)];
  }

  /** Writes an integer, after all that was written before. */
  set(field: number, value: number): void {
    const { chunk, word } = this.#place;
    Atomics.store(chunk.integers, integerAt(word, field), value);
  }

  /** Adds one to an integer, between what is written before and after. */
  increment(field: number): void {
    const { chunk, word } = this.#place;
    Atomics.add(chunk.integers, integerAt(word, field), 1);
  }
}

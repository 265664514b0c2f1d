import {
  blockFor,
  FAMILY,
  integerAt,
  type Place,
  rowAt,
  SEGMENT,
  segmentBytes,
  segmentCapacity,
} from "./layout.ts";
import type { Memory } from "./memory.ts";
import type { FamilyRecord } from "./records.ts";

interface Segment extends Place {
  readonly address: number;
  readonly bytes: number;
  readonly capacity: number;
}

/** A segment's greatest size in bytes, if a row is not greater. */
const MAX_SEGMENT = 128 * 1024;

/** The room that a family has for rows: it grows with them. */
export class Segments {
  readonly #memory: Memory;
  readonly #family: FamilyRecord;
  readonly #words: number;
  readonly #firstRows: number;
  #all: Segment[] = [];
  #bytes = 0;
  /** How many rows the last one still takes. */
  #room = 0;
  #rows = 0;

  /**
   * Makes room for no row.
   *
   * @param words How many words a row takes.
   * @param firstRows How many rows there is room for with the first of them.
   */
  constructor(
    memory: Memory,
    family: FamilyRecord,
    words: number,
    firstRows: number,
  ) {
    this.#memory = memory;
    this.#family = family;
    this.#words = words;
    this.#firstRows = firstRows;
  }

  /** How many rows there are. */
  get rows(): number {
    return this.#rows;
  }

  /** Finds room for one more row. It is none until it is published. */
  place(): Place {
    if (this.#room === 0) this.#grow();
    const { chunk, word, capacity } = this.#all.at(-1)!;
    return { chunk, word: rowAt(word, capacity - this.#room, this.#words) };
  }

  /** Lets readers see the row that was placed last. */
  publish(): void {
    this.#room--;
    this.#family.set(FAMILY.rows, ++this.#rows);
  }

  /** Lists where the rows are. */
  *[Symbol.iterator](): Generator<Place> {
    let left = this.#rows;
    for (const { chunk, word, capacity } of this.#all) {
      for (let i = 0; i < capacity && left > 0; i++, left--) {
        yield { chunk, word: rowAt(word, i, this.#words) };
      }
    }
  }

  /**
   * Forgets all rows.
   *
   * @returns What gives back the room that they had.
   */
  empty(): () => void {
    const old = this.#all;
    this.#all = [];
    this.#bytes = 0;
    this.#room = 0;
    this.#rows = 0;
    this.#family.set(FAMILY.segment, 0);
    this.#family.renew();
    return () => {
      for (const { address, bytes } of old) this.#memory.free(address, bytes);
    };
  }

  #grow(): void {
    const least = segmentBytes(
      this.#all.length === 0 ? this.#firstRows : 1,
      this.#words,
    );
    // Half as much again, so that no more than a third is ever unused.
    const wanted = Math.min(this.#bytes / 2, MAX_SEGMENT);
    const bytes = blockFor(
      Math.max(least, 2 ** Math.floor(Math.log2(wanted || 1))),
    );
    const address = this.#memory.allocate(bytes);
    const capacity = segmentCapacity(bytes, this.#words);
    const { chunk, word } = this.#memory.at(address);
    chunk.integers[integerAt(word, SEGMENT.next)] = 0;
    chunk.integers[integerAt(word, SEGMENT.capacity)] = capacity;
    const last = this.#all.at(-1);
    if (last === undefined) this.#family.set(FAMILY.segment, address);
    else last.chunk.integers[integerAt(last.word, SEGMENT.next)] = address;
    this.#all.push({ address, bytes, capacity, chunk, word });
    this.#bytes += bytes;
    this.#room = capacity;
  }
}

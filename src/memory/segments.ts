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
import type { FamilyRecord } from "./records.ts";

interface Segment extends Place {
  readonly address: number;
  readonly bytes: number;
  readonly capacity: number;
}

/** A segment's greatest size in bytes, unless a row is greater. */
const MAX_SEGMENT = 128 * 1024;

export class Segments {
  readonly #family: FamilyRecord;
  readonly #words: number;
  readonly #firstRows: number;
  #all: Segment[] = [];
  #bytes = 0;
  /** How many more rows the last one takes. */
  #room = 0;
  rows = 0;

  /**
   * @param words How many words a row takes.
   * @param firstRows How many rows the first segment takes.
   */
  constructor(family: FamilyRecord, words: number, firstRows: number) {
    this.#family = family;
    this.#words = words;
    this.#firstRows = firstRows;
  }

  /** Finds room for one more row, which readers see once it is published. */
  place(): Place {
    if (this.#room === 0) this.#grow();
    const { chunk, word, capacity } = this.#all.at(-1)!;
    return { chunk, word: rowAt(word, capacity - this.#room, this.#words) };
  }

  publish(): void {
    this.#room--;
    this.#family.set(FAMILY.rows, ++this.rows);
  }

  *[Symbol.iterator](): Generator<Place> {
    let left = this.rows;
    for (const { chunk, word, capacity } of this.#all) {
      for (let i = 0; i < capacity && left > 0; i++, left--) {
        yield { chunk, word: rowAt(word, i, this.#words) };
      }
    }
  }

  /** Forgets all rows; yields a function that gives their memory back. */
  empty(): () => void {
    const old = this.#all;
    this.#all = [];
    this.#bytes = 0;
    this.#room = 0;
    this.rows = 0;
    this.#family.set(FAMILY.segment, 0);
    this.#family.renew();
    return () => {
      for (const { address, bytes } of old) {
        this.#family.memory.free(address, bytes);
      }
    };
  }

  #grow(): void {
    const rows = this.#all.length === 0 ? this.#firstRows : 1;
    const least = segmentBytes(rows, this.#words);
    // Half as much again, so that no more than a third is ever unused.
    const wanted = Math.min(this.#bytes / 2, MAX_SEGMENT);
    const rounded = 2 ** Math.floor(Math.log2(wanted || 1));
    const bytes = blockFor(Math.max(least, rounded));
    const { memory } = this.#family;
    const address = memory.allocate(bytes);
    const capacity = segmentCapacity(bytes, this.#words);
    const { chunk, word } = memory.at(address);
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

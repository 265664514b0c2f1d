import type { FamilyRecord } from "./family_record.ts";
import {
  blockFor,
  FAMILY,
  firstCell,
  integerAt,
  rowOf,
  SEGMENT,
  segmentBytes,
  segmentCapacity,
} from "./layout.ts";
import type { ChunkViews, Memory, Place } from "./memory.ts";

interface Segment {
  readonly address: number;
  readonly bytes: number;
  readonly capacity: number;
}

/** Where a row is. */
export interface RowPlace {
  readonly chunk: ChunkViews;
  /** The word in which it begins. */
  readonly row: number;
  /** Its first cell. */
  readonly at: number;
}

/** A segment's greatest size in bytes, if a row is not greater. */
const MAX_SEGMENT = 128 * 1024;

/** The room that a family has for rows: it grows with them. */
export class Segments {
  readonly #memory: Memory;
  readonly #family: FamilyRecord;
  readonly #cells: number;
  readonly #firstRows: number;
  #all: Segment[] = [];
  #bytes = 0;
  /** The last segment, and the rows that it still takes. */
  #last: Place | undefined;
  #room = 0;
  #rows = 0;

  /**
   * Makes room for no row.
   *
   * @param cells How many cells a row has.
   * @param firstRows How many rows there is room for with the first of them.
   */
  constructor(
    memory: Memory,
    family: FamilyRecord,
    cells: number,
    firstRows: number,
  ) {
    this.#memory = memory;
    this.#family = family;
    this.#cells = cells;
    this.#firstRows = firstRows;
  }

  /** How many rows there are. */
  get rows(): number {
    return this.#rows;
  }

  /** Finds room for one more row. It is none until it is published. */
  place(): RowPlace {
    if (this.#room === 0) this.#grow();
    const { chunk, word } = this.#last!;
    const { capacity } = this.#all.at(-1)!;
    const at = firstCell(word, capacity - this.#room, this.#cells);
    return { chunk, row: rowOf(at), at };
  }

  /** Lets readers see the row that was placed last. */
  publish(): void {
    this.#room--;
    this.#family.set(FAMILY.rows, ++this.#rows);
  }

  /** Lists where the rows are. */
  *[Symbol.iterator](): Generator<RowPlace> {
    let left = this.#rows;
    for (const { address, capacity } of this.#all) {
      const { chunk, word } = this.#memory.at(address);
      for (let place = 0; place < capacity && left > 0; place++, left--) {
        const at = firstCell(word, place, this.#cells);
        yield { chunk, row: rowOf(at), at };
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
    this.#last = undefined;
    this.#family.set(FAMILY.segment, 0);
    this.#family.renew();
    return () => {
      for (const { address, bytes } of old) this.#memory.free(address, bytes);
    };
  }

  #grow(): void {
    const least = segmentBytes(
      this.#all.length === 0 ? this.#firstRows : 1,
      this.#cells,
    );
    // Half as much again, so that no more than a third is ever unused.
    const wanted = Math.min(this.#bytes / 2, MAX_SEGMENT);
    const bytes = blockFor(
      Math.max(least, 2 ** Math.floor(Math.log2(wanted || 1))),
    );
    const address = this.#memory.allocate(bytes);
    const place = this.#memory.at(address);
    const capacity = segmentCapacity(bytes, this.#cells);
    const { integers } = place.chunk;
    integers[integerAt(place.word, SEGMENT.next)] = 0;
    integers[integerAt(place.word, SEGMENT.capacity)] = capacity;
    if (this.#last === undefined) this.#family.set(FAMILY.segment, address);
    else {
      const { chunk, word } = this.#last;
      chunk.integers[integerAt(word, SEGMENT.next)] = address;
    }
    this.#all.push({ address, bytes, capacity });
    this.#bytes += bytes;
    this.#last = place;
    this.#room = capacity;
  }
}

import type { FamilySnapshot, RowsHeader } from "./family_header.ts";
import { FAMILY, integerAt, LEFT, type Place } from "./layout.ts";
import type { Memory } from "./memory.ts";

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

/** What readers know a family by. */
export class FamilyRecord extends SharedRecord {
  /** What tells it from those that had its address before, or will have it. */
  readonly identity: number;
  readonly #memory: Memory;
  /** How many keep readers away. */
  #depth = 0;
  /** How many are about to fill it again after it was cleared. */
  #holds = 0;
  /** Whether it was cleared, and keeps readers away until they have. */
  #isHeld = false;

  /** Makes a family without rows. */
  constructor(memory: Memory, header: RowsHeader | FamilySnapshot) {
    const text = memory.writeText(JSON.stringify(header));
    super(memory, FAMILY.bytes);
    this.#memory = memory;
    this.identity = memory.unique();
    this.set(FAMILY.sequence, 0);
    this.begin();
    this.set(FAMILY.identity, this.identity);
    this.set(FAMILY.held, 0);
    this.set(FAMILY.header, text);
    this.set(FAMILY.segment, 0);
    this.renew();
    this.end();
  }

  /** Tells readers that nothing is left of what they have read. */
  renew(): void {
    this.set(FAMILY.rows, 0);
    this.set(FAMILY.generation, this.#memory.unique());
  }

  /** Tells readers that a row has changed, or is gone. */
  change(): void {
    this.increment(FAMILY.changes);
  }

  /**
   * Keeps readers away until {@linkcode FamilyRecord.end}: they have what they
   * have read before.
   */
  begin(): void {
    if (this.#depth++ === 0) this.increment(FAMILY.sequence);
  }

  /** Lets readers in again, if nobody else keeps them away. */
  end(): void {
    if (--this.#depth === 0) this.increment(FAMILY.sequence);
  }

  /** Keeps readers from a cleared family until {@linkcode FamilyRecord.letGo}. */
  hold(): void {
    this.#holds++;
  }

  /** Lets readers in again after it was cleared, unless it is held. */
  endClearing(): void {
    // A collector that clears it will fill it: readers see only that.
    if (this.#holds === 0 || this.#isHeld) return this.end();
    this.#isHeld = true;
    this.set(FAMILY.held, 1);
  }

  /** Lets readers in again, if nobody else holds it. */
  letGo(): void {
    if (--this.#holds > 0 || !this.#isHeld) return;
    this.#isHeld = false;
    this.set(FAMILY.held, 0);
    this.end();
  }

  /** Tells readers that it is as it was, and will be: nobody writes it any more. */
  leave(): void {
    if (this.#isHeld) this.end();
    this.#isHeld = false;
    this.set(FAMILY.held, LEFT);
  }

  /** Tells readers something else of the family, if it is something else. */
  setHeader(header: RowsHeader | FamilySnapshot): void {
    const text = JSON.stringify(header);
    const old = this.get(FAMILY.header);
    if (text === this.#memory.readText(old)) return;
    const address = this.#memory.writeText(text);
    this.begin();
    this.set(FAMILY.header, address);
    this.set(FAMILY.generation, this.#memory.unique());
    this.end();
    this.#memory.freeText(old);
  }

  /** Gives everything back. Readers find that it is gone. */
  dispose(): void {
    this.begin();
    // Its memory may be another family's when it is let go.
    this.#isHeld = false;
    this.set(FAMILY.identity, 0);
    this.#memory.freeText(this.get(FAMILY.header));
    this.#memory.free(this.address, FAMILY.bytes);
  }
}

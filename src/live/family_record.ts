import type { FamilyHeader, FamilySnapshot } from "./family_header.ts";
import { FAMILY, integerAt } from "./layout.ts";
import type { Memory, Place } from "./memory.ts";

/** What readers know a family by. */
export class FamilyRecord {
  /** Its address. */
  readonly address: number;
  /** What tells it from those that had its address before, or will have it. */
  readonly identity: number;
  readonly #memory: Memory;
  readonly #place: Place;
  /** How many keep readers away. */
  #depth = 0;

  /** Makes a family without rows. */
  constructor(memory: Memory, header: FamilyHeader | FamilySnapshot) {
    this.#memory = memory;
    const text = memory.writeText(JSON.stringify(header));
    this.address = memory.allocate(FAMILY.bytes);
    this.#place = memory.at(this.address);
    this.identity = memory.unique();
    this.set("sequence", 0);
    this.begin();
    this.set("identity", this.identity);
    this.set("held", 0);
    this.set("header", text);
    this.set("segment", 0);
    this.renew();
    this.end();
  }

  /** Writes one of its integers. */
  set(field: Exclude<keyof typeof FAMILY, "bytes">, value: number): void {
    const { chunk, word } = this.#place;
    Atomics.store(chunk.integers, integerAt(word, FAMILY[field]), value);
  }

  /** Tells readers that nothing is left of what they have read. */
  renew(): void {
    this.set("rows", 0);
    this.set("generation", this.#memory.unique());
  }

  /** Tells readers that a row has changed, or is gone. */
  change(): void {
    const { chunk, word } = this.#place;
    Atomics.add(chunk.integers, integerAt(word, FAMILY.changes), 1);
  }

  /**
   * Keeps readers away until {@linkcode FamilyRecord.end}: they have what they
   * have read before.
   */
  begin(): void {
    if (this.#depth++ === 0) this.#step();
  }

  /** Lets readers in again, if nobody else keeps them away. */
  end(): void {
    if (--this.#depth === 0) this.#step();
  }

  /** Tells readers something else of the family, if it is something else. */
  setHeader(header: FamilyHeader | FamilySnapshot): void {
    const text = JSON.stringify(header);
    const old = this.#get("header");
    if (text === this.#memory.readText(old)) return;
    const address = this.#memory.writeText(text);
    this.begin();
    this.set("header", address);
    this.set("generation", this.#memory.unique());
    this.end();
    this.#memory.freeText(old);
  }

  /** Gives everything back. Readers find that it is gone. */
  dispose(): void {
    this.begin();
    this.set("identity", 0);
    this.#memory.freeText(this.#get("header"));
    this.#memory.free(this.address, FAMILY.bytes);
  }

  #get(field: Exclude<keyof typeof FAMILY, "bytes">): number {
    const { chunk, word } = this.#place;
    return chunk.integers[integerAt(word, FAMILY[field])];
  }

  #step(): void {
    const { chunk, word } = this.#place;
    Atomics.add(chunk.integers, integerAt(word, FAMILY.sequence), 1);
  }
}

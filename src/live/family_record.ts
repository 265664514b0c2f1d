import type { FamilyHeader, FamilySnapshot } from "./family_header.ts";
import { FAMILY } from "./layout.ts";
import type { Memory } from "./memory.ts";
import { SharedRecord } from "./shared_record.ts";

/** What readers know a family by. */
export class FamilyRecord extends SharedRecord {
  /** What tells it from those that had its address before, or will have it. */
  readonly identity: number;
  readonly #memory: Memory;
  /** How many keep readers away. */
  #depth = 0;

  /** Makes a family without rows. */
  constructor(memory: Memory, header: FamilyHeader | FamilySnapshot) {
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

  /** Tells readers something else of the family, if it is something else. */
  setHeader(header: FamilyHeader | FamilySnapshot): void {
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
    this.set(FAMILY.identity, 0);
    this.#memory.freeText(this.get(FAMILY.header));
    this.#memory.free(this.address, FAMILY.bytes);
  }
}

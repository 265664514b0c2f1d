/** The records that readers follow: the directory, and the entries of families. */

import type { FamilySnapshot, RowsHeader } from "./family_header.ts";
import {
  CLOSED,
  DIRECTORY,
  FAMILY,
  integerAt,
  LEFT,
  VERSION,
} from "./layout.ts";
import type { Memory } from "./memory.ts";

class SharedRecord {
  readonly address: number;
  readonly memory: Memory;
  readonly #integers: Int32Array;
  readonly #first: number;

  /** Takes a block that is not cleared. */
  constructor(memory: Memory, bytes: number) {
    this.memory = memory;
    this.address = memory.allocate(bytes);
    const { chunk, word } = memory.at(this.address);
    this.#integers = chunk.integers;
    this.#first = integerAt(word, 0);
  }

  get(field: number): number {
    return this.#integers[this.#first + field];
  }

  /** Writes an integer, after all that was written before. */
  set(field: number, value: number): void {
    Atomics.store(this.#integers, this.#first + field, value);
  }

  /** Adds one to an integer, between what is written before and after. */
  increment(field: number): void {
    Atomics.add(this.#integers, this.#first + field, 1);
  }
}

export interface DirectoryEntry {
  readonly family: number;
  readonly identity: number;
  /** The labels that its registry adds, as JSON. */
  readonly defaults: string;
  /** The name of a metric that has no family yet, whose address then is 0. */
  readonly name?: string;
}

/** Some of the families that are listed, as they are written. */
export interface DirectoryPage {
  readonly entries: readonly DirectoryEntry[];
  /** The address of the page before it; 0 if it is the first. */
  readonly previous: number;
}

export class Directory extends SharedRecord {
  #pages: number[] = [];
  /** The text of the page, if there is only one. */
  #text = "";

  constructor(memory: Memory) {
    super(memory, DIRECTORY.bytes);
    this.set(DIRECTORY.version, VERSION);
    this.set(DIRECTORY.sequence, 0);
    this.list([]);
  }

  /** Lists families in place of those that were listed. */
  list(entries: readonly DirectoryEntry[]): void {
    const text = JSON.stringify({ entries, previous: 0 });
    // Readers need not look again.
    if (text === this.#text) return;
    const old = this.#pages;
    this.#pages = [this.#publish(text)];
    this.#text = text;
    for (const page of old) this.memory.freeText(page);
  }

  /** Lists one more family after the others. */
  append(entry: DirectoryEntry): void {
    const previous = this.#pages.at(-1)!;
    const page: DirectoryPage = { entries: [entry], previous };
    this.#pages.push(this.#publish(JSON.stringify(page)));
    this.#text = "";
  }

  /** Gives the list back. The record itself stays: readers find it closed. */
  dispose(): void {
    this.set(DIRECTORY.sequence, CLOSED);
    for (const page of this.#pages) this.memory.freeText(page);
  }

  /** Makes a page the last one. Nothing changes if there is no memory left. */
  #publish(text: string): number {
    const page = this.memory.writeText(text);
    this.increment(DIRECTORY.sequence);
    this.set(DIRECTORY.list, page);
    this.increment(DIRECTORY.sequence);
    return page;
  }
}

export class FamilyRecord extends SharedRecord {
  /** Tells it from families that had its address before, or will have it. */
  readonly identity: number;
  /** How many keep readers away. */
  #depth = 0;
  /** How many are about to fill it again after it was cleared. */
  #holds = 0;
  /** Whether it was cleared, and keeps readers away until it is filled. */
  #isHeld = false;

  constructor(memory: Memory, header: RowsHeader | FamilySnapshot) {
    const text = memory.writeText(JSON.stringify(header));
    super(memory, FAMILY.bytes);
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

  /** Tells readers that the rows that they know are gone. */
  renew(): void {
    this.set(FAMILY.rows, 0);
    this.set(FAMILY.generation, this.memory.unique());
  }

  /** Keeps readers away, with what they have read before. */
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
    if (this.#holds === 0 && this.memory.isCollecting) {
      this.hold();
      this.memory.onCollected(() => this.letGo());
    }
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

  /** Tells readers that nobody writes it any more. */
  leave(): void {
    if (this.#isHeld) this.end();
    this.#isHeld = false;
    this.set(FAMILY.held, LEFT);
  }

  setHeader(header: RowsHeader | FamilySnapshot): void {
    const text = JSON.stringify(header);
    const old = this.get(FAMILY.header);
    if (text === this.memory.readText(old)) return;
    const address = this.memory.writeText(text);
    this.begin();
    this.set(FAMILY.header, address);
    this.set(FAMILY.generation, this.memory.unique());
    this.end();
    this.memory.freeText(old);
  }

  /** Gives everything back. Readers find that it is gone. */
  dispose(): void {
    this.begin();
    // Its memory may be another family's when it is let go.
    this.#isHeld = false;
    this.set(FAMILY.identity, 0);
    this.memory.freeText(this.get(FAMILY.header));
    this.memory.free(this.address, FAMILY.bytes);
  }
}

import {
  blockFor,
  CLOSED,
  DIRECTORY,
  ENTRY,
  entryAt,
  integerAt,
  WORD,
} from "./layout.ts";
import type { Memory } from "./memory.ts";
import { SharedRecord } from "./shared_record.ts";

/** A family that a directory lists. */
export interface DirectoryEntry {
  /** The address of the family. */
  readonly family: number;
  /** Its identity. */
  readonly identity: number;
  /** The labels that its registry adds, as JSON. */
  readonly defaults: string;
}

/** The block of a list. */
interface List {
  readonly address: number;
  readonly bytes: number;
}

/** Which families there are, for readers. */
export class Directory extends SharedRecord {
  readonly #memory: Memory;
  #list: List = { address: 0, bytes: 0 };
  /** What is listed. */
  #entries: DirectoryEntry[] = [];
  /** The addresses of the default labels that the list refers to. */
  readonly #texts = new Map<string, number>();

  /** Makes one that lists nothing. */
  constructor(memory: Memory) {
    super(memory, DIRECTORY.bytes);
    this.#memory = memory;
    this.set(DIRECTORY.sequence, 0);
    this.list([]);
  }

  /**
   * Lists other families. Fewer than before, with the same default labels, take
   * no more memory.
   */
  list(entries: readonly DirectoryEntry[]): void {
    // Readers need not look again.
    if (this.#isListed(entries)) return;
    const list = this.#listFor(entries.length);
    const used = new Set(entries.map(({ defaults }) => defaults));
    for (const defaults of used) this.#textOf(defaults);
    this.increment(DIRECTORY.sequence);
    for (const [i, entry] of entries.entries()) this.#write(list, i, entry);
    this.#entries = [...entries];
    this.#publish(list);
    for (const [defaults, text] of [...this.#texts]) {
      if (used.has(defaults)) continue;
      this.#memory.freeText(text);
      this.#texts.delete(defaults);
    }
  }

  /** Lists one more family, after all others. */
  append(entry: DirectoryEntry): void {
    const count = this.#entries.length;
    const list = this.#listFor(count + 1);
    this.#textOf(entry.defaults);
    this.increment(DIRECTORY.sequence);
    if (list !== this.#list) {
      const from = this.#memory.at(this.#list.address);
      const to = this.#memory.at(list.address);
      const cells = from.chunk.cells.subarray(
        from.word,
        entryAt(from.word, count),
      );
      to.chunk.cells.set(cells, to.word);
    }
    this.#write(list, count, entry);
    this.#entries.push(entry);
    this.#publish(list);
  }

  /** Gives everything back. Readers find that it was closed. */
  dispose(): void {
    // The directory itself stays, for readers to find that.
    this.set(DIRECTORY.sequence, CLOSED);
    this.#freeList(this.#list);
    for (const text of this.#texts.values()) this.#memory.freeText(text);
  }

  #isListed(entries: readonly DirectoryEntry[]): boolean {
    return this.#list.bytes > 0 &&
      entries.length === this.#entries.length &&
      entries.every(({ family, identity, defaults }, i) => {
        const listed = this.#entries[i];
        return family === listed.family && identity === listed.identity &&
          defaults === listed.defaults;
      });
  }

  /** The list, if it has room for as many entries; another one else. */
  #listFor(count: number): List {
    const bytes = Math.max(count, 1) * ENTRY.words * WORD;
    if (bytes <= this.#list.bytes) return this.#list;
    // A block takes a power of two, so that it seldom comes to that.
    const room = blockFor(bytes);
    return { address: this.#memory.allocate(room), bytes: room };
  }

  #textOf(defaults: string): number {
    let text = this.#texts.get(defaults);
    if (text === undefined) {
      this.#texts.set(defaults, text = this.#memory.writeText(defaults));
    }
    return text;
  }

  #write(
    list: List,
    index: number,
    { family, identity, defaults }: DirectoryEntry,
  ): void {
    const { chunk, word } = this.#memory.at(list.address);
    const entry = entryAt(word, index);
    const text = this.#texts.get(defaults)!;
    chunk.integers[integerAt(entry, ENTRY.family)] = family;
    chunk.integers[integerAt(entry, ENTRY.identity)] = identity;
    chunk.integers[integerAt(entry, ENTRY.defaults)] = text;
  }

  /** Ends what a step has begun. */
  #publish(list: List): void {
    this.set(DIRECTORY.count, this.#entries.length);
    this.set(DIRECTORY.list, list.address);
    this.increment(DIRECTORY.sequence);
    if (list === this.#list) return;
    this.#freeList(this.#list);
    this.#list = list;
  }

  #freeList({ address, bytes }: List): void {
    if (bytes > 0) this.#memory.free(address, bytes);
  }
}

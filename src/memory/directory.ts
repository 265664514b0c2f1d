import { CLOSED, DIRECTORY, VERSION } from "./layout.ts";
import type { Memory } from "./memory.ts";
import { SharedRecord } from "./records.ts";

/** A family that a directory lists. */
export interface DirectoryEntry {
  /** The address of the family. */
  readonly family: number;
  /** Its identity. */
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

/** Which families there are, for readers. */
export class Directory extends SharedRecord {
  readonly #memory: Memory;
  /** The addresses of the pages. */
  #pages: number[] = [];
  /** The text of the only page, if it is the only one. */
  #text = "";

  /** Makes one that lists nothing. */
  constructor(memory: Memory) {
    super(memory, DIRECTORY.bytes);
    this.#memory = memory;
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
    for (const page of old) this.#memory.freeText(page);
  }

  /** Lists one more family after the others. */
  append(entry: DirectoryEntry): void {
    const previous = this.#pages.at(-1)!;
    const page: DirectoryPage = { entries: [entry], previous };
    this.#pages.push(this.#publish(JSON.stringify(page)));
    this.#text = "";
  }

  /** Gives the list back. Readers find that the directory was closed. */
  dispose(): void {
    // The directory itself stays, for readers to find that.
    this.set(DIRECTORY.sequence, CLOSED);
    for (const page of this.#pages) this.#memory.freeText(page);
  }

  /** Makes a page the last one. Nothing changes if there is no memory left. */
  #publish(text: string): number {
    const page = this.#memory.writeText(text);
    this.increment(DIRECTORY.sequence);
    this.set(DIRECTORY.list, page);
    this.increment(DIRECTORY.sequence);
    return page;
  }
}

import type { CollectorError } from "../errors.ts";
import type { MetricFamily } from "../types.ts";
import type { DirectoryEntry } from "./directory.ts";
import { FamilyReader } from "./family_reader.ts";
import type { Handover, MemoryChunk } from "./handover.ts";
import { CLOSED, DIRECTORY, ENTRY, entryAt, integerAt } from "./layout.ts";
import type { Place } from "./memory.ts";
import { MemoryView } from "./memory_view.ts";
import { Patience, readStable } from "./stable.ts";

/** What was read. */
export interface LiveReading {
  /** The families, in the order of the registries and of registration. */
  readonly families: readonly MetricFamily[];
  /** What is wrong with them, or not in them. */
  readonly failures: readonly CollectorError[];
  /**
   * How many families could not be read as they are now. They are as they were
   * read before, or lack label sets that came and went; one that never was read
   * is not there. If the list of families could not be read, that counts as one.
   */
  readonly late: number;
}

/** How often families are read that come and go meanwhile. */
const READS = 4;

/**
 * Reads the metrics that a mirror keeps in shared memory, on any thread and at
 * any moment.
 */
export class LiveReader {
  readonly #memory = new MemoryView();
  readonly #directory: Place;
  /** By the family's identity and default labels. */
  #readers = new Map<string, FamilyReader>();
  #sequence = 0;

  /** Begins with what was handed over. */
  constructor({ directory, chunks }: Handover) {
    for (const chunk of chunks) this.#memory.add(chunk);
    this.#directory = this.#memory.at(directory);
  }

  /** Takes memory that was added later. */
  add(chunk: MemoryChunk): void {
    this.#memory.add(chunk);
  }

  /**
   * Reads all families as they are now. Those that are being changed as a whole
   * are waited for, all together for some milliseconds. Of a mirror that was
   * closed there are none.
   */
  read(): LiveReading {
    const patience = new Patience();
    let late = 0;
    for (let reads = 0; reads < READS; reads++) {
      const isListed = this.#followDirectory(patience);
      late = isListed ? 0 : 1;
      for (const reader of this.#readers.values()) {
        if (!reader.read(patience)) late++;
      }
      // Families may be gone from the list, and their memory be others'.
      if (isListed && this.#isListed()) break;
      if (patience.isOver) break;
    }
    const families: MetricFamily[] = [];
    const failures: CollectorError[] = [];
    for (const { last: { family, failure } } of this.#readers.values()) {
      if (family !== undefined) families.push(family);
      if (failure !== undefined) failures.push(failure);
    }
    return { families, failures, late };
  }

  /** Tells whether the list of families is the one that was read. */
  #isListed(): boolean {
    const { chunk, word } = this.#directory;
    const at = integerAt(word, DIRECTORY.sequence);
    return Atomics.load(chunk.integers, at) === this.#sequence;
  }

  /** Makes readers of the families that are listed; tells whether it could. */
  #followDirectory(patience: Patience): boolean {
    const { chunk, word } = this.#directory;
    const { integers } = chunk;
    const at = integerAt(word, DIRECTORY.sequence);
    const sequence = Atomics.load(integers, at);
    if (sequence === this.#sequence) return true;
    if (sequence === CLOSED) {
      this.#readers.clear();
      return true;
    }
    const read = readStable({ integers, at }, patience, (sequence) => {
      const count = integers[integerAt(word, DIRECTORY.count)];
      const list = integers[integerAt(word, DIRECTORY.list)];
      return { sequence, entries: this.#readList(list, count) };
    });
    if (read === undefined) return false;
    this.#sequence = read.sequence;
    const known = this.#readers;
    this.#readers = new Map();
    for (const entry of read.entries) {
      const key = `${entry.identity} ${entry.defaults}`;
      const reader = known.get(key) ?? new FamilyReader(this.#memory, entry);
      this.#readers.set(key, reader);
    }
    return true;
  }

  #readList(list: number, count: number): DirectoryEntry[] {
    const { chunk, word } = this.#memory.at(list, count * ENTRY.words);
    const entries: DirectoryEntry[] = [];
    const texts = new Map<number, string>();
    for (let i = 0; i < count; i++) {
      const entry = entryAt(word, i);
      const family = chunk.integers[integerAt(entry, ENTRY.family)];
      const identity = chunk.integers[integerAt(entry, ENTRY.identity)];
      const text = chunk.integers[integerAt(entry, ENTRY.defaults)];
      let defaults = texts.get(text);
      if (defaults === undefined) {
        texts.set(text, defaults = this.#memory.text(text));
      }
      entries.push({ family, identity, defaults });
    }
    return entries;
  }
}

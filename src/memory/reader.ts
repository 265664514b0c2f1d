import type { CollectorError } from "../errors.ts";
import { collectorError } from "../families/failures.ts";
import type { MetricFamily } from "../types.ts";
import {
  type FamilySnapshot,
  fromSnapshot,
  type RowsHeader,
} from "./family_header.ts";
import {
  CLOSED,
  DIRECTORY,
  FAMILY,
  type Handover,
  LEFT,
  type MemoryChunk,
  VERSION,
  WORD,
} from "./layout.ts";
import type { DirectoryEntry, DirectoryPage } from "./records.ts";
import { type FamilyReading, RowReader } from "./row_reader.ts";
import {
  FamilyView,
  MemoryView,
  MissingMemoryError,
  Patience,
  RecordView,
} from "./view.ts";

export interface LiveReading {
  readonly families: readonly MetricFamily[];
  /** One for each family that is not among them, or not wholly. */
  readonly failures: readonly CollectorError[];
  /** The names of those that are not live, but as they were written last. */
  readonly notLive: readonly string[];
  /**
   * How many families could not be read as they are now: they are as they were
   * read before, if ever, or lack label sets that came and went. If the list of
   * families could not be read, that counts as one.
   */
  readonly late: number;
}

/** Attempts to read families that come and go meanwhile. */
const READS = 4;

/**
 * Reads the metrics that a mirror keeps in shared memory, on any thread and at
 * any moment.
 */
export class LiveReader {
  readonly #memory = new MemoryView();
  readonly #directory: RecordView;
  /** By the family's identity and default labels. */
  #readers = new Map<string, FamilyReader>();
  /** The names of metrics that have no family yet. */
  #unread: string[] = [];
  #sequence = 0;

  /** @throws {RangeError} If the memory has the layout of another version. */
  constructor({ directory, chunks }: Handover) {
    for (const chunk of chunks) this.#memory.add(chunk);
    const place = this.#memory.at(directory, DIRECTORY.bytes / WORD);
    this.#directory = new RecordView(place);
    const version = this.#directory.get(DIRECTORY.version);
    if (version !== VERSION) {
      throw new RangeError(
        "Cannot read metrics in shared memory: their layout must have " +
          `version ${VERSION}, received ${version}`,
      );
    }
  }

  add(chunk: MemoryChunk): void {
    this.#memory.add(chunk);
  }

  /**
   * Reads all families as they are now; a mirror that was closed has none. It waits
   * some milliseconds in all for families that are being changed as a whole.
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
      // Families may have left the list, and their memory be used for others.
      const sequence = this.#directory.get(DIRECTORY.sequence);
      if (isListed && sequence === this.#sequence) break;
      if (patience.isOver) break;
    }
    const families: MetricFamily[] = [];
    const failures: CollectorError[] = [];
    const notLive = [...this.#unread];
    for (const { last: { family, failure, isOld } } of this.#readers.values()) {
      if (family !== undefined) families.push(family);
      if (family !== undefined && isOld) notLive.push(family.name);
      if (failure !== undefined) failures.push(failure);
    }
    return { families, failures, notLive, late };
  }

  /** Makes readers of the listed families; tells whether it could. */
  #followDirectory(patience: Patience): boolean {
    const directory = this.#directory;
    const sequence = directory.get(DIRECTORY.sequence);
    if (sequence === this.#sequence) return true;
    if (sequence === CLOSED) {
      this.#readers.clear();
      this.#unread = [];
      return true;
    }
    const read = directory.readStable(patience, (sequence) => {
      let page = directory.get(DIRECTORY.list);
      const pages: (readonly DirectoryEntry[])[] = [];
      while (page !== 0) {
        const { entries, previous } = this.#memory.json<DirectoryPage>(page);
        // A stale link may form a loop.
        if (directory.get(DIRECTORY.sequence) !== sequence) break;
        pages.push(entries);
        page = previous;
      }
      return { sequence, entries: pages.reverse().flat() };
    });
    if (read === undefined) return false;
    this.#sequence = read.sequence;
    const known = this.#readers;
    this.#readers = new Map();
    this.#unread = [];
    for (const entry of read.entries) {
      if (entry.name !== undefined) {
        this.#unread.push(entry.name);
        continue;
      }
      const key = `${entry.identity} ${entry.defaults}`;
      const reader = known.get(key) ?? new FamilyReader(this.#memory, entry);
      this.#readers.set(key, reader);
    }
    return true;
  }
}

class FamilyReader {
  readonly #memory: MemoryView;
  readonly #entry: DirectoryEntry;
  #name = "";
  #rows: RowReader | undefined;
  #snapshot: MetricFamily | undefined;
  /** The generation of what is remembered, or 0. */
  #generation = 0;
  last: FamilyReading = {};

  constructor(memory: MemoryView, entry: DirectoryEntry) {
    this.#memory = memory;
    this.#entry = entry;
  }

  /** Reads the family as it is now; tells whether it could. */
  read(patience: Patience): boolean {
    let reading: FamilyReading | undefined;
    try {
      reading = this.#tryToRead(patience);
    } catch (error) {
      if (error instanceof MissingMemoryError) return false;
      reading = { failure: collectorError(this.#name, error) };
      this.#generation = 0;
      this.#rows = undefined;
    }
    if (reading !== undefined) this.last = reading;
    return reading !== undefined && !reading.isPartial;
  }

  #tryToRead(patience: Patience): FamilyReading | undefined {
    const { family: address, identity } = this.#entry;
    const place = this.#memory.at(address, FAMILY.bytes / WORD);
    const family = new FamilyView(place, identity);
    return family.readStable(patience, () => {
      const generation = family.begin();
      if (generation !== this.#generation) {
        this.#generation = 0;
        this.#begin(family);
        this.#generation = generation;
      }
      const reading = this.#rows?.read(family, patience);
      family.requireSame();
      if (reading === undefined) return { family: this.#snapshot, isOld: true };
      return { ...reading, isOld: family.get(FAMILY.held) === LEFT };
    });
  }

  #begin(family: FamilyView): void {
    const address = family.get(FAMILY.header);
    const header = this.#memory.json<RowsHeader | FamilySnapshot>(address);
    family.requireSame();
    this.#name = header.name;
    const { kind } = header;
    if (kind === "snapshot") {
      this.#snapshot = fromSnapshot(header, this.#snapshot);
      this.#rows = undefined;
      return;
    }
    if (kind !== "value" && kind !== "histogram") {
      // A later version of the writer has made it.
      throw new RangeError(
        "it is left out, since its kind must be value, histogram or " +
          `snapshot, received ${JSON.stringify(kind)}`,
      );
    }
    const defaults = JSON.parse(this.#entry.defaults);
    this.#rows = new RowReader(this.#memory, header, defaults, this.#rows);
  }
}

/** The clients' entries of label sets, with their values in cells. */

import type { RawLabels } from "../families/label_set.ts";
import { Cell } from "../memory/cell.ts";
import type { Table } from "../memory/table.ts";
import {
  type Buckets,
  lastExemplar,
  type StoredEntry,
  type StoredHistogram,
  type StoredValue,
} from "./stored.ts";

/** Gives an entry of a counter or a gauge a row, with what the client has stored. */
export function appendValue(
  table: Table,
  entry: object,
  { labels, value, exemplar }: StoredValue,
): void {
  table.append(entry, labels, [Number(value)]);
  if (exemplar) table.setExemplar(entry, 0, exemplar);
}

/** Makes an entry that the client itself updates: its `value` is the cell. */
export function makeValue(table: Table, stored: StoredValue): StoredValue {
  const entry = new Bare() as StoredValue;
  appendValue(table, entry, stored);
  // Engines slow down objects in which an accessor replaces a property.
  Object.defineProperty(entry, "value", Cell.VALUE);
  entry.labels = stored.labels;
  if (stored.exemplar) entry.exemplar = stored.exemplar;
  return entry;
}

const Bare = function () {} as unknown as new () => Partial<StoredValue>;
Bare.prototype = Object.prototype;

export function cellsOf(
  { count, sum, bucketValues }: StoredHistogram,
  { keys }: Buckets,
): number[] {
  return [count, sum, ...keys.map((key) => bucketValues[key])];
}

/** Gives an entry of a histogram a row, with what the client has counted. */
export function appendHistogram(
  table: Table,
  entry: object,
  stored: StoredHistogram,
  buckets: Buckets,
): void {
  table.append(entry, stored.labels, cellsOf(stored, buckets));
  setBucketExemplars(table, entry, buckets);
}

/** Publishes the exemplars of an entry's buckets: all, or that with `labels`. */
export function setBucketExemplars(
  table: Table,
  entry: Pick<StoredHistogram, "bucketExemplars">,
  { keys }: Buckets,
  labels?: unknown,
): void {
  const exemplars = entry.bucketExemplars;
  if (exemplars === undefined) return;
  const all = [...keys.map((key) => exemplars[key]), lastExemplar(exemplars)];
  for (const [index, exemplar] of all.entries()) {
    if (exemplar && (labels ?? exemplar.labelSet) === exemplar.labelSet) {
      table.setExemplar(entry, index, exemplar);
    }
  }
}

/** For how many values of each label there is room at first. */
const FIRST_ROOM = 4;

/** Values that are kept besides two for each label set; removals leave them. */
const TOLERATED_VALUES = 32;

/**
 * Finds label sets by the values of their labels. A client makes a text of them,
 * which takes longer than the rest of an update.
 *
 * Each value of a label has a number, and the sum of a label set's numbers is its
 * key. Only label sets that the client has found are added, and only if all their
 * labels are present and are texts or numbers.
 */
export class SeriesIndex {
  readonly #names: readonly string[];
  readonly #entries = new Map<number, StoredEntry>();
  /** By label, the numbers of its values, which are written as texts. */
  readonly #values: readonly Map<unknown, number>[];
  /** By label, for how many values there is room. */
  readonly #rooms: number[];
  /** The entry of a metric without labels, if it was added. */
  unlabelled: StoredEntry | undefined;

  constructor(names: readonly string[]) {
    this.#names = [...names];
    this.#values = names.map(() => new Map());
    this.#rooms = names.map(() => FIRST_ROOM);
  }

  find(labels: RawLabels): StoredEntry | undefined {
    if (!this.#fits(labels)) return undefined;
    const names = this.#names;
    let key = 0;
    for (let i = 0; i < names.length; i++) {
      const value = labels[names[i]];
      const number = this.#values[i].get(
        typeof value === "number" ? String(value) : value,
      );
      if (number === undefined) return undefined;
      key += number;
    }
    return this.#entries.get(key);
  }

  /** Adds an entry that the client has found for a label set. */
  add(labels: RawLabels, entry: StoredEntry): void {
    if (Cell.key(entry) >= 0 || !this.#fits(labels)) return;
    const names = this.#names;
    const texts = names.map((name) => textOf(labels[name]));
    // A client may take two label sets for one, and a caller may change labels
    // later. A gauge that is set must not keep another row's labels.
    const isSame = (text: string | undefined, i: number) =>
      text !== undefined && text === textOf(entry.labels[names[i]]);
    if (!texts.every(isSame)) return;
    for (const [i, text] of texts.entries()) {
      const values = this.#values[i];
      if (values.size < this.#rooms[i] || values.has(text)) continue;
      this.clear();
      this.#rooms[i] *= 2;
    }
    const keys = this.#rooms.reduce((product, room) => product * room, 1);
    if (keys > Number.MAX_SAFE_INTEGER) return;
    let key = 0;
    let step = 1;
    for (const [i, text] of texts.entries()) {
      const values = this.#values[i];
      const number = values.get(text) ?? values.size * step;
      values.set(text, number);
      key += number;
      step *= this.#rooms[i];
    }
    Cell.setKey(entry, key);
    this.#entries.set(key, entry);
    if (names.length === 0) this.unlabelled = entry;
  }

  delete(entry: StoredEntry): void {
    if (Cell.key(entry) < 0) return;
    this.#entries.delete(Cell.key(entry));
    Cell.setKey(entry, -1);
    this.unlabelled = undefined;
    const tolerated = 2 * this.#entries.size + TOLERATED_VALUES;
    if (this.#values.some(({ size }) => size > tolerated)) this.clear();
  }

  clear(): void {
    for (const entry of this.#entries.values()) Cell.setKey(entry, -1);
    this.#entries.clear();
    this.unlabelled = undefined;
    for (const values of this.#values) values.clear();
  }

  /** Tells whether a plain object has these labels, and no others. */
  #fits(labels: RawLabels): boolean {
    const names = this.#names;
    if (typeof labels !== "object" || labels === null) return false;
    let named = 0;
    for (const name in labels) {
      if (name !== names[named] && !names.includes(name)) return false;
      // Some methods of the clients heed inherited labels, others ignore them.
      if (!isOwn.call(labels, name)) return false;
      named++;
    }
    return named === names.length;
  }
}

/** Free in a loop over the names, unlike `Object.hasOwn()`. */
const isOwn = Object.prototype.hasOwnProperty;

/** A label's value as a text; only texts and numbers have one. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : undefined;
}

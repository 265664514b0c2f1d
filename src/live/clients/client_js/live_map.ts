import type { RawLabels } from "../../../clients/labels.ts";
import type { Table } from "../../table.ts";
import type { LabelMap } from "./label_map.ts";

/** What a live map is made from. */
export interface LiveMapOptions {
  /** Where the values are. */
  readonly table: Table;
  /** An empty map of the client's own, which makes keys and checks labels. */
  readonly empty: LabelMap;
  /**
   * Gives up keeping values in shared memory; what is to be kept goes into the
   * client's own map, which it yields.
   */
  readonly fail: (error: unknown) => LabelMap;
}

/** A map whose label sets have rows in shared memory. */
export abstract class LiveMap<Entry extends { labels: RawLabels }>
  implements LabelMap {
  /** What has the cells, by the client's keys. */
  protected readonly entries: Map<string, Entry> = new Map();
  protected readonly table: Table;
  protected readonly fail: (error: unknown) => LabelMap;
  readonly #empty: LabelMap;

  constructor({ table, empty, fail }: LiveMapOptions) {
    this.table = table;
    this.fail = fail;
    this.#empty = empty;
  }

  abstract set(labels: RawLabels, value?: number): this;
  abstract setDelta(labels: RawLabels, value?: number): this;
  abstract get(labels: RawLabels): unknown;
  abstract getOrAdd(labels: RawLabels, init: () => unknown): unknown;
  abstract entry(labels: RawLabels): object | undefined;
  abstract merge(labels: RawLabels, values: object): object;

  /** Makes an entry as the client would have it. */
  protected abstract stored(entry: Entry): { labels: RawLabels };

  /** Publishes an exemplar that a label set was given. */
  abstract follow(labels: RawLabels, given: readonly unknown[]): void;

  get size(): number {
    return this.entries.size;
  }

  /**
   * Takes over what another map has.
   *
   * @param stored An entry as the client keeps it.
   */
  adopt(key: string, stored: object): void {
    this.add(key, stored as never);
  }

  /** Gives a new label set a row; what does not fit goes elsewhere. */
  protected abstract add(key: string, stored: object): object;

  clear(): void {
    this.attempt(() => this.table.clear());
    this.entries.clear();
  }

  remove(labels: RawLabels): void {
    const key = this.keyFrom(labels);
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.table.remove(entry);
    this.attempt(() => this.table.tidy());
  }

  validate(labels?: RawLabels): boolean {
    return this.#empty.validate(labels);
  }

  keyFrom(labels?: RawLabels): string {
    return this.#empty.keyFrom(labels);
  }

  values(): Iterable<{ labels: RawLabels }> {
    const all: { labels: RawLabels }[] = [];
    for (const entry of this.entries.values()) all.push(this.stored(entry));
    return all.values();
  }

  /** Lists what has cells. */
  owners(): Iterable<object> {
    return this.entries.values();
  }

  /** Lists what a map of the client's own would have, and under which keys. */
  *snapshot(): Generator<[key: string, stored: { labels: RawLabels }]> {
    for (const [key, entry] of this.entries) yield [key, this.stored(entry)];
  }

  /** Does what may fail for want of memory; the map has done its part. */
  protected attempt(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.fail(error);
    }
  }
}

import type { RawLabels } from "../../families/raw_labels.ts";
import type { Table } from "../../memory/table.ts";

/** The client's map of label sets, as far as it is used here. */
export interface LabelMap {
  entry(labels: RawLabels): object | undefined;
  merge(labels: RawLabels, values: object): object;
  validate(labels?: RawLabels): boolean;
  values(): Iterable<{ labels: RawLabels }>;
  keyFrom(labels?: RawLabels): string;
}

/** The class of such a map, which the client does not export. */
export type LabelMapClass = new (labelNames: readonly string[]) => LabelMap;

/** The parts of a live map. */
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
export abstract class LiveMap<
  Entry extends { labels: RawLabels },
  Stored extends { labels: RawLabels } = Entry,
> implements LabelMap {
  /** The owners of the cells, by the client's keys. */
  protected readonly entries: Map<string, Entry> = new Map();
  protected readonly table: Table;
  protected readonly fail: (error: unknown) => LabelMap;
  readonly #empty: LabelMap;

  constructor({ table, empty, fail }: LiveMapOptions) {
    this.table = table;
    this.fail = fail;
    this.#empty = empty;
    for (const name of othersOf(empty, this)) this.#giveUpBy(name);
  }

  abstract entry(labels: RawLabels): object | undefined;
  abstract merge(labels: RawLabels, values: object): object;

  /** Makes an entry as the client would have it. */
  protected abstract stored(entry: Entry): { labels: RawLabels };

  /** Publishes an exemplar that a label set was given. */
  abstract follow(labels: RawLabels, given: readonly unknown[]): void;

  get size(): number {
    return this.entries.size;
  }

  /** Gives a new label set a row. */
  protected abstract put(key: string, stored: Stored): object;

  /** Adds a label set; one that does not fit goes into the client's own map. */
  add(key: string, stored: Stored): object {
    try {
      return this.put(key, stored);
    } catch (error) {
      return this.fail(error).merge(stored.labels, stored);
    }
  }

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

  /** Leaves to the client's own map what another version of it can do as well. */
  #giveUpBy(name: PropertyKey): void {
    Object.defineProperty(this, name, {
      configurable: true,
      get: () => {
        const error = new Error(`its store has \`${String(name)}\``);
        const map = this.fail(error) as object;
        const value = map === this ? undefined : Reflect.get(map, name);
        return typeof value === "function" ? value.bind(map) : value;
      },
    });
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

/** Lists what the client's maps can do that a live one cannot. */
function othersOf(own: object, live: object): readonly PropertyKey[] {
  const names: PropertyKey[] = [];
  let each = Object.getPrototypeOf(own);
  while (Object.getPrototypeOf(each) !== null) {
    names.push(...Reflect.ownKeys(each));
    each = Object.getPrototypeOf(each);
  }
  return names.filter((name) => !(name in live));
}

import type { RawLabels } from "../../families/label_set.ts";
import { Cell } from "../../memory/cell.ts";
import type { Table } from "../../memory/table.ts";
import { appendValue } from "../entries.ts";
import type { ClientInterception } from "../interception.ts";
import type { StoredEntry, StoredMetric, StoredValue } from "../stored.ts";

/** The part of the client's map of label sets that is used here. */
export interface LabelMap {
  entry(labels: RawLabels): object | undefined;
  merge(labels: RawLabels, values: object): object;
  validate(labels?: RawLabels): boolean;
  values(): Iterable<StoredEntry>;
  keyFrom(labels?: RawLabels): string;
}

/** The class of such a map, which the client does not export. */
export type LabelMapClass = new (labelNames: readonly string[]) => LabelMap;

export type JsMetric = StoredMetric & {
  store: LabelMap;
  /** A histogram's first counts; absent while the constructor runs. */
  readonly bucketValues?: Readonly<Record<string, number>>;
};

type LiveMapTarget = ClientInterception<LabelMap, LabelMap>;

/** A map whose label sets have rows in shared memory. */
export abstract class LiveMap<
  Entry extends StoredEntry,
  Stored extends StoredEntry = Entry,
> implements LabelMap {
  /** The owners of the cells, by the client's keys. */
  declare protected readonly entries: Map<string, Entry>;
  declare protected readonly target: LiveMapTarget;
  declare protected readonly table: Table;
  readonly #empty: LabelMap;

  constructor(target: LiveMapTarget, empty: LabelMap) {
    // Not enumerable: logged as JSON, the metric would be a circle.
    Object.defineProperties(this, {
      entries: { value: new Map() },
      target: { value: target },
      table: { value: target.table },
    });
    this.#empty = empty;
    for (const name of othersOf(empty, this)) this.#giveUpBy(name);
  }

  /** Makes an entry of what is stored, with a row. */
  protected abstract make(stored: Stored): Entry;

  /** Changes an entry, and its cells, to what is stored. */
  protected abstract change(entry: Entry, stored: Stored): void;

  /** The object that the client gets for an entry. */
  protected abstract shown(entry: Entry): object;

  /** Makes an entry in the form that the client's own map has. */
  protected abstract stored(entry: Entry): StoredEntry;

  abstract follow(labels: RawLabels, given: readonly unknown[]): void;

  /** Counts an observation of a histogram. */
  observe?(entry: Entry, observation: number): void;

  get size(): number {
    return this.entries.size;
  }

  /** Adds a label set; if memory runs out, to the client's own map. */
  add(key: string, stored: Stored): object {
    try {
      const entry = this.make(stored);
      this.entries.set(key, entry);
      return this.shown(entry);
    } catch (error) {
      return this.#giveUp(error).merge(stored.labels, stored);
    }
  }

  /** Finds a label set; without the client's key if it was found before. */
  protected find(labels: RawLabels): Entry | undefined {
    const { series } = this.target;
    const known = series.find(labels);
    if (known !== undefined) return known as Entry;
    const entry = this.entries.get(this.keyFrom(labels));
    if (entry !== undefined) series.add(labels, entry);
    return entry;
  }

  entry(labels: RawLabels): object | undefined {
    const entry = this.find(labels);
    return entry && this.shown(entry);
  }

  merge(labels: RawLabels, values: object): object {
    const key = this.keyFrom(labels);
    const entry = this.entries.get(key);
    const stored = { ...values, labels } as Stored;
    if (entry === undefined) return this.add(key, stored);
    this.change(entry, stored);
    this.target.attempt(() => this.table.relabel(entry, labels));
    return this.shown(entry);
  }

  clear(): void {
    this.target.series.clear();
    this.target.attempt(() => this.table.clear());
    this.entries.clear();
  }

  remove(labels: RawLabels): void {
    const key = this.keyFrom(labels);
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.target.series.delete(entry);
    this.table.remove(entry);
    this.target.attempt(() => this.table.tidy());
  }

  validate(labels?: RawLabels): boolean {
    return this.#empty.validate(labels);
  }

  keyFrom(labels?: RawLabels): string {
    return this.#empty.keyFrom(labels);
  }

  values(): Iterable<StoredEntry> {
    return [...this.entries.values()].map((entry) => this.stored(entry))
      .values();
  }

  owners(): Iterable<object> {
    return this.entries.values();
  }

  /** Lists the content of a map of the client's own. */
  *snapshot(): Generator<[key: string, stored: StoredEntry]> {
    for (const [key, entry] of this.entries) yield [key, this.stored(entry)];
  }

  /** Gives up keeping values in shared memory; yields the client's own map. */
  #giveUp(error: unknown): LabelMap {
    const { metric } = this.target;
    this.target.fail(error);
    return (metric as JsMetric).store;
  }

  /** Gives up when a member is used that only another version's map has. */
  #giveUpBy(name: PropertyKey): void {
    Object.defineProperty(this, name, {
      configurable: true,
      get: () => {
        const map = this.#giveUp(
          new Error(`its store has \`${String(name)}\``),
        );
        const value = map === this ? undefined : Reflect.get(map, name);
        return typeof value === "function" ? value.bind(map) : value;
      },
    });
  }
}

/** Lists the members of a client's map that a live one lacks. */
function othersOf(own: object, live: object): readonly PropertyKey[] {
  const names: PropertyKey[] = [];
  let each = Object.getPrototypeOf(own);
  while (Object.getPrototypeOf(each) !== null) {
    names.push(...Reflect.ownKeys(each));
    each = Object.getPrototypeOf(each);
  }
  return names.filter((name) => !(name in live));
}

/**
 * The label sets of a counter or a gauge. Their entries are plain data, since
 * applications get them: the `value` is written when somebody asks.
 */
export class ValueMap extends LiveMap<StoredValue> {
  set(labels: RawLabels, value: number = 0): this {
    const entry = this.find(labels);
    if (entry !== undefined) Cell.set(entry, value);
    else this.add(this.keyFrom(labels), { labels, value });
    return this;
  }

  setDelta(labels: RawLabels, value: number = 0): this {
    const entry = this.find(labels);
    if (entry !== undefined) Cell.add(entry, value);
    else this.add(this.keyFrom(labels), { labels, value });
    return this;
  }

  get(labels: RawLabels): unknown {
    const entry = this.find(labels);
    return entry && Cell.get(entry);
  }

  getOrAdd(labels: RawLabels, init: () => unknown): unknown {
    if (this.find(labels) === undefined) this.set(labels, init() as number);
    return this.get(labels);
  }

  follow(labels: RawLabels, [exemplarLabels]: readonly unknown[]): void {
    const entry = this.find(labels);
    if (entry?.exemplar?.labelSet !== exemplarLabels) return;
    this.table.setExemplar(entry!, 0, entry!.exemplar!);
  }

  override values(): Iterable<StoredValue> {
    for (const entry of this.entries.values()) this.shown(entry);
    return this.entries.values();
  }

  protected make(stored: StoredValue): StoredValue {
    const { value, labels, exemplar } = stored;
    // All of one shape, which engines find faster.
    const entry: StoredValue = { value, labels };
    if (exemplar) entry.exemplar = exemplar;
    appendValue(this.table, entry, stored);
    return entry;
  }

  protected change(entry: StoredValue, stored: StoredValue): void {
    Object.assign(this.shown(entry), stored);
    Cell.set(entry, entry.value);
  }

  protected shown(entry: StoredValue): StoredValue {
    entry.value = Cell.get(entry);
    return entry;
  }

  protected stored(entry: StoredValue): StoredValue {
    return { ...entry, value: Cell.get(entry) };
  }
}

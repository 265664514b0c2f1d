import type { RawLabels } from "../../families/label_set.ts";
import { Cell, PLAIN, Spelled } from "../../memory/cell.ts";
import { ClientInterception, type InterceptOptions } from "../interception.ts";
import { watchMethods } from "../override.ts";
import type { StoredEntry, StoredMetric, StoredValue } from "../stored.ts";
import { PlainValues } from "./plain_values.ts";
import { type Entry, type HashMap, makeSlots, type Slots } from "./slots.ts";

type PromMetric = StoredMetric & { hashMap: HashMap };

/** The client's methods that never remove from the map that they are given. */
const KEEPING =
  ("constructor inc incWithoutExemplar incWithExemplar dec set observe " +
    "observeWithoutExemplar observeWithExemplar updateExemplar startTimer " +
    "setToCurrentTime labels zero reset get getForPromString _getValue")
    .split(" ");

const seeing = new WeakMap<object, HashMapInterception>();

/**
 * `prom-client` 14 and 15: an object `hashMap`, whose keys spell the label sets.
 *
 * The map that takes its place inherits from a proxy. A key that exists is the
 * map's own and as fast as ever. A new one reaches the proxy, which puts there a
 * property through which the client's own code writes into cells.
 */
export class HashMapInterception extends ClientInterception<HashMap, HashMap> {
  readonly #slots: Slots;
  readonly #plain: PlainValues;
  /** The names of the labels, in the order in which keys have them. */
  readonly #names: readonly string[];
  #map: HashMap = {};
  /** Whether the last update has added a label set. */
  #isNew = false;
  /** How many methods run that may remove; the client gets another map then. */
  #removing = 0;

  constructor(metric: StoredMetric, options: InterceptOptions) {
    super(metric, "hashMap", options);
    this.#names = [...metric.labelNames].sort();
    this.#slots = makeSlots(this);
    this.#plain = new PlainValues(metric);
    this.begin();
  }

  owners(): Iterable<object> {
    return Object.values(this.#map);
  }

  protected adopt(stored: HashMap): void {
    const map = this.#makeMap();
    for (const key of Object.keys(stored)) this.#put(map, key, stored[key]);
    this.#map = this.shown = map;
    this.undo.push(this.#watchRemovals());
    if (this.header.type !== "histogram") this.undo.push(this.#plain.begin());
  }

  protected replace(stored: HashMap): void {
    this.series.clear();
    this.attempt(() => this.table.clear());
    this.#map = this.#makeMap();
    this.#show();
    const metric = this.metric as PromMetric;
    for (const key of Object.keys(stored)) metric.hashMap[key] = stored[key];
  }

  protected copy(): HashMap {
    this.#plain.settle();
    const map: HashMap = {};
    for (const [key, entry] of Object.entries(this.#map)) {
      map[key] = { ...entry };
    }
    return map;
  }

  protected follow(given: readonly unknown[]): void {
    this.#slots.follow?.(given, this.#map);
  }

  observe(entry: StoredEntry, observation: number): boolean {
    return this.#slots.observe!(entry as Entry, observation);
  }

  override set(
    entry: StoredEntry,
    value: number,
    labels: RawLabels = {},
  ): void {
    Cell.set(entry, value);
    entry.labels = labels;
    this.#plain.forget(entry as StoredValue);
  }

  learn(labels: RawLabels = {}): void {
    // A new label set may be removed before its next update.
    const isNew = this.#isNew;
    this.#isNew = false;
    if (isNew) return;
    const entry = this.#map[labelHash(this.#names, labels)];
    if (entry !== undefined) this.series.add(labels, entry as StoredEntry);
  }

  increased(entry: StoredEntry): unknown {
    return this.header.type === "counter"
      ? { labelHash: Spelled.of(entry) }
      : undefined;
  }

  #put(map: HashMap, key: string, stored: Entry): void {
    Object.defineProperty(map, key, {
      ...this.#slots.make(stored, key),
      enumerable: true,
      configurable: true,
    });
  }

  /** Makes an empty map, which sees what is put into it. */
  #makeMap(): HashMap {
    const metric = this.metric as PromMetric;
    // Each has a proxy of its own: V8 slows down objects that get the same
    // properties with other accessors than the last one of their kind.
    const proxy = new Proxy<HashMap>({}, {
      set: (_, key, stored, target) => {
        // A map that was replaced is an ordinary object.
        if (target !== this.#map) {
          const plain = { ...PLAIN, value: stored };
          return Reflect.defineProperty(target, key, plain);
        }
        this.attempt(() => this.#put(target, key as string, stored));
        this.#isNew = true;
        // A failure has put back the client's own map.
        if (!Object.hasOwn(target, key)) metric.hashMap[key as string] = stored;
        return true;
      },
    });
    return Object.create(proxy);
  }

  /**
   * Watches methods that may remove: no accessor sees a `delete`. They are
   * replaced where the client has them, since a subclass calls them as well.
   */
  #watchRemovals(): () => void {
    const { metric, options: { base } } = this;
    const names = Object.entries(Object.getOwnPropertyDescriptors(base))
      .filter(([name, { value, configurable }]) =>
        typeof value === "function" && configurable && !KEEPING.includes(name)
      )
      .map(([name]) => name);
    seeing.set(metric, this);
    const stop = watchMethods(
      base,
      names,
      this,
      (_, method) =>
        function (this: unknown, ...given: unknown[]): unknown {
          const call = () => method.apply(this, given);
          const interception = seeing.get(this as object);
          return interception ? interception.#whileRemoving(call) : call();
        },
    );
    return () => {
      seeing.delete(metric);
      stop?.();
    };
  }

  /** Calls what may remove, while the map tells what is removed. */
  #whileRemoving<Result>(call: () => Result): Result {
    const end = () => {
      this.#removing--;
      this.#show();
    };
    this.#removing++;
    this.#show();
    let result: Result | undefined;
    try {
      return result = call();
    } finally {
      if (result instanceof Promise) result.then(end, end);
      else end();
    }
  }

  #show(): void {
    if (this.#removing === 0) {
      this.shown = this.#map;
      return;
    }
    this.shown = new Proxy(this.#map, {
      // A method that removes may also observe.
      set: (map, key, stored) => Reflect.set(map, key, stored),
      deleteProperty: (map, key) => {
        const entry = map[key as string];
        delete map[key as string];
        if (entry === undefined) return true;
        this.series.delete(entry as StoredEntry);
        this.table.remove(entry);
        this.attempt(() => this.table.tidy());
        return true;
      },
    });
  }
}

/** Spells a label set as the client does, with names in the client's order. */
function labelHash(names: readonly string[], labels: RawLabels): string {
  let hash = "";
  for (const name of names) {
    if (labels[name] !== undefined) hash += `${name}:${labels[name]},`;
  }
  return hash;
}

import {
  ClientInterception,
  type InterceptOptions,
  type Method,
  type Override,
  override,
  UNLABELLED,
} from "../interception.ts";
import type { StoredMetric } from "../stored.ts";
import { type Entry, type HashMap, makeSlots, type Slots } from "./slots.ts";

type PromMetric = StoredMetric & { hashMap: HashMap };

/** The client's methods that remove nothing from the map that they are given. */
const KEEPING =
  ("constructor inc incWithoutExemplar incWithExemplar dec set observe " +
    "observeWithoutExemplar observeWithExemplar updateExemplar startTimer " +
    "setToCurrentTime labels zero reset get getForPromString _getValue")
    .split(" ");

/**
 * `prom-client` 14 and 15: an object `hashMap`, whose keys spell the label sets.
 *
 * The map that takes its place inherits from a proxy. A key that exists is the
 * map's own and as fast as ever; one that is new reaches the proxy, which puts
 * there what makes the client's own code write into cells, whoever calls it.
 */
export class HashMapInterception extends ClientInterception<HashMap, HashMap> {
  readonly #slots: Slots;
  #map: HashMap = {};
  /** How many methods run that may remove; the client gets another map then. */
  #removing = 0;

  constructor(metric: StoredMetric, options: InterceptOptions) {
    super(metric, "hashMap", options);
    this.#slots = makeSlots({
      table: this.table,
      metric,
      header: this.header,
      buckets: this.buckets,
      isUnlabelled: this.isUnlabelled,
      attempt: (change) => this.attempt(change),
    });
    this.begin();
  }

  owners(): Iterable<object> {
    return Object.values(this.#map);
  }

  protected adopt(stored: HashMap): void {
    const map = this.#makeMap();
    for (const key of Object.keys(stored)) this.#put(map, key, stored[key]);
    this.#map = this.shown = map;
    // A `delete` is seen by no accessor.
    const see = <Result>(call: () => Result) => this.#whileRemoving(call);
    this.undo.push(seeCalls(this.metric, this.options.base, see));
  }

  protected replace(stored: HashMap): void {
    this.attempt(() => this.table.clear());
    this.#map = this.#makeMap();
    this.#show();
    const metric = this.metric as PromMetric;
    for (const key of Object.keys(stored)) metric.hashMap[key] = stored[key];
  }

  protected copy(): HashMap {
    const map: HashMap = {};
    for (const [key, entry] of Object.entries(this.#map)) {
      map[key] = { ...entry };
    }
    return map;
  }

  protected follow(given: readonly unknown[]): void {
    this.#slots.follow?.(given, this.#map);
  }

  protected count(observation: number): boolean {
    return this.#slots.observe!(this.#map[UNLABELLED], observation);
  }

  #put(map: HashMap, key: string, stored: Entry): void {
    Object.defineProperty(map, key, {
      ...this.#slots.make(stored),
      enumerable: true,
      configurable: true,
    });
  }

  /** Makes an empty map, which sees what is put into it. */
  #makeMap(): HashMap {
    const metric = this.metric as PromMetric;
    // Each has a proxy of its own: V8 slows down objects that get the same
    // properties with other accessors than the last one of their kind.
    return Object.create(
      new Proxy<HashMap>({}, {
        set: (_, key, stored, target) => {
          // A map that was replaced is an ordinary object.
          if (target !== this.#map) {
            return Reflect.defineProperty(target, key, {
              value: stored,
              writable: true,
              enumerable: true,
              configurable: true,
            });
          }
          this.attempt(() => this.#put(target, key as string, stored));
          // A failure has put back the client's own map.
          if (!Object.hasOwn(target, key)) {
            metric.hashMap[key as string] = stored;
          }
          return true;
        },
      }),
    );
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
        this.table.remove(entry);
        this.attempt(() => this.table.tidy());
        return true;
      },
    });
  }
}

/** Calls a method of a metric. */
type Seeing = <Result>(call: () => Result) => Result;

interface WatchedClass {
  readonly overrides: readonly Override[];
  /** How many of its metrics are seen. */
  metrics: number;
}

const watched = new WeakMap<object, WatchedClass>();
const seeing = new WeakMap<object, Seeing>();

/**
 * Sees calls of a metric's methods that may remove, until the result is called.
 * They are replaced where the client has them, so that a subclass calls them as
 * well.
 *
 * @param base The prototype that has the methods.
 */
function seeCalls(metric: object, base: object, see: Seeing): () => void {
  let found = watched.get(base);
  if (found === undefined) {
    found = { overrides: overrideMethods(base), metrics: 0 };
    watched.set(base, found);
  }
  found.metrics++;
  seeing.set(metric, see);
  return () => {
    seeing.delete(metric);
    if (--found.metrics > 0) return;
    const isRestored = found.overrides.map((each) => each.restore());
    if (isRestored.every(Boolean)) watched.delete(base);
  };
}

function overrideMethods(base: object): Override[] {
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(base));
  return descriptors.flatMap(([name, { value: method, configurable }]) => {
    if (
      typeof method !== "function" || KEEPING.includes(name) || !configurable
    ) {
      return [];
    }
    return override(base, name, {
      writable: true,
      value: function (this: object, ...given: unknown[]): unknown {
        const see = seeing.get(this);
        const call = () => (method as Method).apply(this, given);
        return see === undefined ? call() : see(call);
      },
    });
  });
}

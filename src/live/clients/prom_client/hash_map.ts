import type { StoredMetric } from "../../../clients/storage.ts";
import type { FamilyHeader } from "../../family_header.ts";
import { type Override, override } from "../../override.ts";
import { Table } from "../../table.ts";
import type {
  Interception,
  InterceptOptions,
  LiveClient,
} from "../live_client.ts";
import { DirectObserve, UNLABELLED } from "../direct_observe.ts";
import { headerOf } from "../metric_header.ts";
import { CounterSlots } from "./counter_slots.ts";
import { GaugeSlots } from "./gauge_slots.ts";
import { HistogramSlots } from "./histogram_slots.ts";
import { seeRemovals } from "./removals.ts";
import type { Entry, HashMap, Slots } from "./slots.ts";

interface PromMetric extends StoredMetric {
  hashMap: HashMap;
  readonly labelNames: readonly string[];
  updateExemplar(...given: unknown[]): unknown;
}

/**
 * `prom-client` 15: an object `hashMap`, whose keys spell the label sets.
 *
 * The map that takes its place inherits from a proxy. A key that exists is the
 * map's own and as fast as ever; one that is new reaches the proxy, which puts
 * there what makes the client's own code write into cells, whoever calls it.
 */
export const livePromClient: LiveClient = {
  property: "hashMap",
  isKnown: (storage) => Object.getPrototypeOf(storage) === Object.prototype,
  intercept: (metric, options) =>
    new HashMapInterception(metric as PromMetric, options),
};

/** What `observe()` of its histograms says. */
const OBSERVE = "observeWithoutExemplar(labels,value)" +
  "{observe.call(this,labels===0?0:labels||{})(value)}";

class HashMapInterception implements Interception {
  readonly table: Table;
  readonly #metric: PromMetric;
  readonly #header: FamilyHeader;
  readonly #slots: Slots;
  readonly #onFailure: (error: unknown) => void;
  readonly #undo: (() => void)[] = [];
  #map: HashMap = {};
  /** What the client gets for its map: another one while it removes. */
  #shown: HashMap = {};
  #storage: Override | undefined;
  #direct: DirectObserve | undefined;

  constructor(metric: PromMetric, options: InterceptOptions) {
    this.#metric = metric;
    this.#header = headerOf(metric);
    this.#onFailure = options.onFailure;
    const isUnlabelled = metric.labelNames.length === 0;
    this.table = new Table(options.memory, {
      header: this.#header,
      isUnlabelled,
      owners: () => Object.values(this.#map),
    });
    this.#slots = this.#makeSlots(isUnlabelled);
    try {
      this.#map = this.#shown = this.#adopt(metric.hashMap);
      this.#interceptAll(options.base);
    } catch (error) {
      for (const undo of this.#undo) undo();
      this.#storage?.restore();
      this.table.dispose();
      throw error;
    }
  }

  detach(): boolean {
    const map: HashMap = {};
    for (const [key, entry] of Object.entries(this.#map)) {
      map[key] = { ...entry };
    }
    if (!this.#storage!.restore()) return false;
    this.#metric.hashMap = map;
    for (const undo of this.#undo) undo();
    return true;
  }

  #makeSlots(isUnlabelled: boolean): Slots {
    const metric = this.#metric;
    const attempt = (change: () => void) => this.#attempt(change);
    if (metric.type === "counter") return new CounterSlots(this.table);
    return metric.type === "gauge"
      ? new GaugeSlots(this.table, isUnlabelled, attempt)
      : new HistogramSlots(
        this.table,
        metric,
        isUnlabelled,
        this.#header.exemplars,
        attempt,
      );
  }

  #interceptAll(base: object): void {
    const metric = this.#metric;
    this.#undo.push(
      seeRemovals(metric, base, (remove) => this.#whileRemoving(remove)),
    );
    if (this.#header.exemplars) {
      const { updateExemplar } = metric;
      const exemplars = override(metric, "updateExemplar", {
        writable: true,
        value: (...given: unknown[]) => {
          updateExemplar.apply(metric, given);
          this.#attempt(() => this.#slots.follow(given, this.#map));
        },
      });
      this.#undo.push(() => exemplars.restore());
    }
    const slots = this.#slots;
    if (slots instanceof HistogramSlots && metric.labelNames.length === 0) {
      const direct = this.#direct = new DirectObserve(
        metric,
        OBSERVE,
        (observation) => slots.observe(this.#map[UNLABELLED], observation),
      );
      this.#undo.push(() => direct.end());
    }
    this.#storage = override(metric, "hashMap", {
      get: () => this.#shown,
      // The client resets a metric by giving it another map.
      set: (map: HashMap) => this.#replace(map),
    });
  }

  /** Does what may fail for want of memory; the client has done its part. */
  #attempt(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.#onFailure(error);
    }
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
    const metric = this.#metric;
    // Each has a proxy of its own: V8 slows down objects that get the same
    // properties with other accessors than the last one of their kind.
    return Object.create(
      new Proxy<HashMap>({}, {
        set: (_, key, stored, target) => {
          // One that another map has taken the place of is nobody's any more.
          if (target !== this.#map) {
            return Reflect.defineProperty(target, key, {
              value: stored,
              writable: true,
              enumerable: true,
              configurable: true,
            });
          }
          this.#attempt(() => this.#put(target, key as string, stored));
          // Whoever fails leaves a map behind that takes everything.
          if (!Object.hasOwn(target, key)) {
            metric.hashMap[key as string] = stored;
          }
          return true;
        },
      }),
    );
  }

  #adopt(stored: HashMap): HashMap {
    const map = this.#makeMap();
    for (const key of Object.keys(stored)) this.#put(map, key, stored[key]);
    return map;
  }

  #replace(map: HashMap): void {
    this.#attempt(() => this.table.clear());
    this.#map = this.#shown = this.#makeMap();
    for (const key of Object.keys(map)) this.#metric.hashMap[key] = map[key];
    // Constructors come here when they have set `observe`.
    this.#direct?.begin();
  }

  /** Removes, while the map tells what is removed. */
  #whileRemoving<Result>(remove: () => Result): Result {
    this.#shown = new Proxy(this.#map, {
      // Whoever removes may also observe.
      set: (map, key, stored) => Reflect.set(map, key, stored),
      deleteProperty: (map, key) => {
        const entry = map[key as string];
        delete map[key as string];
        if (entry === undefined) return true;
        this.table.remove(entry);
        this.#attempt(() => this.table.tidy());
        return true;
      },
    });
    try {
      return remove();
    } finally {
      this.#shown = this.#map;
    }
  }
}

/** The storage of the client packages: its places, its rows, and how to list them. */

import { labelTexts, type RawLabels } from "../families/label_set.ts";
import { PIECES } from "../runtime/pace.ts";
import type {
  CollectedExemplar,
  CollectedValue,
  RegisteredMetric,
  Registry,
} from "../types.ts";

/** The clients' entry for one label set. */
export interface StoredEntry {
  labels: RawLabels;
}

/** That of a counter or a gauge. */
export interface StoredValue extends StoredEntry {
  value: number;
  exemplar?: CollectedExemplar;
}

/** That of a histogram. */
export interface StoredHistogram extends StoredEntry {
  /** The observations in each bucket, by its upper bound; not cumulative. */
  readonly bucketValues: Record<string, number>;
  sum: number;
  count: number;
  bucketExemplars?: BucketExemplars;
}

/** The samples of one series of a histogram or a summary. */
export interface SampleGroup {
  /** The labels without `le` and `quantile`. */
  readonly labels: RawLabels;
  /** Upper bounds or quantiles, ascending, without the infinity. */
  readonly bounds: readonly number[];
  /** The value at each of them, then the count, then the sum. */
  readonly values: readonly number[];
  /** Exemplars by the index of the value. */
  readonly exemplars: readonly CollectedValue["exemplar"][];
  readonly timestamp?: CollectedValue["timestamp"];
}

/** By upper bound; the bucket above all of them is at -1. */
export type BucketExemplars = Readonly<
  Record<string, CollectedExemplar | null>
>;

export type StoredType = "counter" | "gauge" | "histogram";

/** A metric whose storage can be read. */
export interface StoredMetric extends RegisteredMetric {
  readonly help: string;
  /** Absent while the constructor runs. */
  readonly type: StoredType;
  readonly labelNames: readonly string[];
  /** The upper bounds of a histogram, as they were configured. */
  readonly upperBounds?: readonly number[];
  /** The same, available when the constructor registers the metric. */
  readonly buckets?: readonly number[];
  readonly enableExemplars?: unknown;
  /** Sets values when the metric is scraped. */
  collect?(): unknown;
}

/** Some of the label sets that a metric stores. */
export interface StoredChunk<Entry> {
  readonly entries: readonly Entry[];
  /** The client's key of each entry; it never changes, and no two share it. */
  readonly keys?: readonly unknown[];
}

/** How one client package stores its metrics. */
export interface ClientStorage {
  readonly name: string;
  /** The property of its metrics that holds what they store. */
  readonly property: "hashMap" | "store";
  /**
   * Lists the entries of a metric in the order of their creation. A pause between
   * two chunks may be of any length.
   */
  list<Entry extends StoredEntry>(
    metric: StoredMetric,
  ): Iterable<StoredChunk<Entry>>;
}

/** `@prometheus-io/client` 0.16: a `LabelMap` named `store`. */
export const clientJs: ClientStorage = {
  name: "@prometheus-io/client",
  property: "store",
  list<Entry>(metric: StoredMetric): StoredChunk<Entry>[] {
    const { store } = metric as StoredMetric & {
      store: { values(): Iterable<Entry>; owners?(): Iterable<object> };
    };
    const entries = Array.from(store.values());
    // A live map may make entries only when asked for them.
    const keys = store.owners ? Array.from(store.owners()) : entries;
    return [{ entries, keys }];
  },
};

/** A fork of it, which chooses its `get()` in the constructor. */
export const platformatic: ClientStorage = {
  ...clientJs,
  name: "@platformatic/prom-client",
};

/** Metrics that once had more label sets than a chunk holds. */
const large = new WeakSet<StoredMetric>();

/** `prom-client` 14 and 15: an object `hashMap`, whose keys spell label sets. */
export const promClient: ClientStorage = {
  name: "prom-client",
  property: "hashMap",
  list<Entry>(metric: StoredMetric): Iterable<StoredChunk<Entry>> {
    const { hashMap } = metric as StoredMetric & {
      hashMap: Record<string, Entry>;
    };
    if (!large.has(metric)) {
      const keys = Object.keys(hashMap);
      if (keys.length <= PIECES) {
        const entries: Entry[] = [];
        for (const key of keys) entries.push(hashMap[key]);
        return [{ keys, entries }];
      }
      large.add(metric);
    }
    return listLarge(hashMap);
  },
};

function* listLarge<Entry>(
  hashMap: Record<string, Entry>,
): Generator<StoredChunk<Entry>> {
  let keys: string[] = [];
  let entries: Entry[] = [];
  // V8 lists the values of an object with many keys at half this speed. A loop
  // leaves out keys that are removed during a pause.
  const isPolluted = Object.keys(Object.prototype).length > 0;
  for (const key in hashMap) {
    if (isPolluted && !Object.hasOwn(hashMap, key)) continue;
    keys.push(key);
    entries.push(hashMap[key]);
    if (keys.length < PIECES) continue;
    yield { keys, entries };
    keys = [];
    entries = [];
  }
  yield { keys, entries };
}

/** The upper bounds of a histogram; other types have none. */
export function upperBoundsOf(
  { upperBounds, buckets }: Pick<StoredMetric, "upperBounds" | "buckets">,
  type: StoredType,
): readonly number[] {
  return type === "histogram" ? upperBounds ?? buckets ?? [] : [];
}

/** Whether a metric keeps exemplars: a gauge ignores the option. */
export function takesExemplars(
  { enableExemplars }: Pick<StoredMetric, "enableExemplars">,
  type: StoredType,
): boolean {
  return Boolean(enableExemplars) && type !== "gauge";
}

/** The buckets of a histogram, without the one for everything. */
export interface Buckets {
  readonly bounds: readonly number[];
  readonly keys: readonly (string | number)[];
  /** The upper bounds as they were configured. */
  readonly upperBounds: readonly number[];
  /**
   * By the index of an upper bound, the key of the count, and the index of the
   * bucket; -1 if it has none.
   */
  readonly places: readonly Readonly<{ key: string | number; cell: number }>[];
}

/** The key under which the client counts observations above all bounds. */
const ABOVE = -1;

/** The exemplar above all bounds: a bucket may be configured for the infinity. */
export function lastExemplar(
  exemplars: BucketExemplars,
): BucketExemplars[number] {
  return exemplars[ABOVE] ?? exemplars.Infinity;
}

const knownBuckets = new WeakMap<readonly number[], Buckets>();

/**
 * Finds the buckets of a histogram. The clients take bounds in any order, twice,
 * as texts, and with the infinity spelled in any case.
 */
export function bucketsOf(upperBounds: readonly number[]): Buckets {
  const known = knownBuckets.get(upperBounds);
  if (known !== undefined) return known;
  const finite = [...upperBounds].map(Number).filter(Number.isFinite);
  const bounds = [...new Set(finite)].sort((a, b) => a - b);
  const keys: (string | number)[] = [];
  const places: { key: string | number; cell: number }[] = [];
  for (const each of [...upperBounds, ABOVE]) {
    // A number that is no array index would be made a text with every use.
    const key = Number.isInteger(each) && each >= 0 ? each : String(each);
    const cell = bounds.indexOf(Number(each));
    if (places.length < upperBounds.length && cell >= 0) keys[cell] ??= key;
    // The first of several equal bounds has the cell.
    places.push({ key, cell: keys[cell] === key ? cell : -1 });
  }
  const buckets = { bounds, keys, upperBounds, places };
  knownBuckets.set(upperBounds, buckets);
  return buckets;
}

/** The name of a metric; empty if it cannot be told. */
export function nameOf(metric: RegisteredMetric): string {
  try {
    return String(metric.name);
  } catch {
    return "";
  }
}

/** A registry of a client tells by its keys what it has. */
type KnowingRegistry = Registry & {
  getSingleMetric?(name: string): unknown;
};

/**
 * The name under which a metric was registered; `undefined` if no registry tells.
 * The clients cut `_total` from the property `name` of counters when they write
 * OpenMetrics.
 *
 * @param last The name under which it was known before.
 */
export function registeredName(
  registry: KnowingRegistry,
  metric: RegisteredMetric,
  last: string = "",
): string | undefined {
  if (registry.getSingleMetric?.(last) === metric) return last;
  const name = nameOf(metric);
  // A registry of one's own may list metrics of a client's.
  const { registers } = metric as { registers?: readonly KnowingRegistry[] };
  const all = [registry, ...Array.isArray(registers) ? registers : []];
  return [last, name, `${name}_total`].find((each) =>
    all.some((registry) => registry?.getSingleMetric?.(each) === metric)
  );
}

/**
 * Tells whether a metric does more than to read its values. The clients' metrics
 * say so; others are taken to do more.
 */
export function hasCollector(metric: RegisteredMetric): boolean {
  const { collect } = metric as { collect?: unknown };
  return collect !== undefined || !("labelNames" in metric);
}

/** The labels that `setDefaultLabels()` was given, as texts. */
export function defaultLabelsOf(registry: Registry): Record<string, string> {
  const { _defaultLabels = {} } = registry as {
    _defaultLabels?: Record<string, unknown>;
  };
  return Object.keys(_defaultLabels).length === 0
    ? {}
    : Object.fromEntries(labelTexts(_defaultLabels));
}

/**
 * Reading what the client packages have stored, where it costs less than to ask
 * them: `get()` copies every bucket of a histogram, and on V8 lists the series
 * of a large metric of `prom-client` at half the speed.
 *
 * @module
 */

import type { CollectedExemplar, RegisteredMetric } from "../types.ts";
import { readSource } from "./method_source.ts";
import { clientJs } from "./client_js.ts";
import { promClient } from "./prom_client.ts";

/** What both clients store for one label set of a counter or a gauge. */
export interface StoredValue {
  readonly labels: Readonly<Record<string, unknown>>;
  readonly value: number;
  readonly exemplar?: CollectedExemplar;
}

/** What both clients store for one label set of a histogram. */
export interface StoredHistogram {
  readonly labels: Readonly<Record<string, unknown>>;
  /** The observations in each bucket, by its upper bound; not cumulative. */
  readonly bucketValues: Readonly<Record<string, number>>;
  readonly sum: number;
  readonly count: number;
  /** By upper bound; what is above all of them is at -1. */
  readonly bucketExemplars?: Readonly<Record<string, CollectedExemplar | null>>;
}

/** A metric whose storage can be read. */
export interface StoredMetric extends RegisteredMetric {
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Of a histogram the upper bounds, as they were configured. */
  readonly upperBounds?: readonly number[];
  /** Sets values when the metric is scraped. */
  collect?(): unknown;
}

/** How one client package stores its metrics. */
export interface ClientStorage {
  /** The name of the package. */
  readonly name: string;
  /** The expression by which its methods list what a metric stores. */
  readonly expression: string;
  /**
   * Lists what a metric stores, in the order of its making. A pause between two
   * chunks may be of any length.
   */
  list<Entry extends StoredValue | StoredHistogram>(
    metric: StoredMetric,
  ): Iterable<StoredChunk<Entry>>;
}

/** Some of the label sets that a metric stores. */
export interface StoredChunk<Entry> {
  readonly entries: readonly Entry[];
  /** What each of them is stored under, where that is a text. */
  readonly keys?: readonly string[];
}

const CLIENTS: readonly ClientStorage[] = [promClient, clientJs];

const COLLECT =
  "if(this.collect){constv=this.collect()if(vinstanceofPromise)awaitv}";

/**
 * What the clients' methods say, see {@linkcode readSource}, and whose they are.
 * Bun writes a constant that is used once where it is used.
 */
const READERS: ReadonlyMap<string, ClientStorage> = new Map(
  CLIENTS.flatMap((client) => {
    const { expression } = client;
    return [
      `asyncget(){${COLLECT}return{help:this.help,name:this.name,` +
      `type:this.type,values:${expression},aggregator:this.aggregator}}`,
      ...[
        `constdata=${expression}constvalues=data`,
        `constvalues=${expression}`,
      ]
        .map((values) =>
          `asyncgetForPromString(){${COLLECT}${values}` +
          ".map(extractBucketValuesForExport(this))" +
          ".reduce(addSumAndCountForExport(this),[])return{name:this.name," +
          "help:this.help,type:this.type,values,aggregator:this.aggregator}}"
        ),
    ].map((source) => [source, client] as const);
  }),
);

/** What the `get` of both clients' histograms says. */
const GET_OF_HISTOGRAM = "asyncget(){constdata=awaitthis.getForPromString()" +
  "data.values=data.values.map(splayLabels)returndata}";

/**
 * Finds out how a metric is stored, if reading that is all that its methods do.
 *
 * They must say so to the letter: those of another version, of an application's
 * subclass, or minified ones, are called instead.
 */
export function storageOf(metric: RegisteredMetric): ClientStorage | undefined {
  const { type, get, getForPromString, upperBounds } = metric as
    & Partial<StoredMetric>
    & { getForPromString?: unknown };
  if (type === "counter" || type === "gauge") return known(get).reader;
  if (type !== "histogram" || !Array.isArray(upperBounds)) return undefined;
  return known(get).isGetOfHistogram
    ? known(getForPromString).reader
    : undefined;
}

/** What is known of a method. */
interface KnownMethod {
  /** Whose storage it reads, and does no more. */
  readonly reader?: ClientStorage;
  /** Whether it hands on what `getForPromString` reads. */
  readonly isGetOfHistogram?: boolean;
}

const NO_METHOD: KnownMethod = {};
const methods = new WeakMap<object, KnownMethod>();

/** Looks at a method, once: every scrape asks again. */
function known(method: unknown): KnownMethod {
  if (typeof method !== "function") return NO_METHOD;
  let found = methods.get(method);
  if (found === undefined) {
    const source = readSource(method);
    found = {
      reader: READERS.get(source),
      isGetOfHistogram: source === GET_OF_HISTOGRAM,
    };
    methods.set(method, found);
  }
  return found;
}

import type { CollectedExemplar, RegisteredMetric } from "../types.ts";

/** The clients' entry for one label set of a counter or a gauge. */
export interface StoredValue {
  readonly labels: Readonly<Record<string, unknown>>;
  readonly value: number;
  readonly exemplar?: CollectedExemplar;
}

/** The clients' entry for one label set of a histogram. */
export interface StoredHistogram {
  readonly labels: Readonly<Record<string, unknown>>;
  /** The observations in each bucket, by its upper bound; not cumulative. */
  readonly bucketValues: Readonly<Record<string, number>>;
  readonly sum: number;
  readonly count: number;
  readonly bucketExemplars?: BucketExemplars;
}

/** By upper bound; the bucket above all of them is at -1. */
export type BucketExemplars = Readonly<
  Record<string, CollectedExemplar | null>
>;

/** The types of metrics whose storage can be read. */
export type StoredType = "counter" | "gauge" | "histogram";

/** A metric whose storage can be read. */
export interface StoredMetric extends RegisteredMetric {
  readonly help: string;
  /** Absent while the constructor runs. */
  readonly type: StoredType;
  readonly labelNames: readonly string[];
  /** The upper bounds of a histogram, as they were configured. */
  readonly upperBounds?: readonly number[];
  /** The same, from the moment on at which it is registered. */
  readonly buckets?: readonly number[];
  readonly enableExemplars?: unknown;
  /** Sets values when the metric is scraped. */
  collect?(): unknown;
}

/** Some of the label sets that a metric stores. */
export interface StoredChunk<Entry> {
  readonly entries: readonly Entry[];
  /** The keys of the entries, where they are texts. */
  readonly keys?: readonly string[];
}

/** How one client package stores its metrics. */
export interface ClientStorage {
  /** The name of the package. */
  readonly name: string;
  /** The property of its metrics that holds what they store. */
  readonly property: "hashMap" | "store";
  /**
   * Lists what a metric stores, in the order of its making. A pause between two
   * chunks may be of any length.
   */
  list<Entry extends StoredValue | StoredHistogram>(
    metric: StoredMetric,
  ): Iterable<StoredChunk<Entry>>;
}

/** The options of metrics that change what their client's class stores. */
export interface ProbeOptions {
  readonly type: StoredType;
  readonly isLabelled: boolean;
  readonly hasExemplars: boolean;
  readonly collects: boolean;
  /** Of a histogram; of others none. */
  readonly bounds: readonly number[];
}

/** A metric of a client's class for tries alone. */
export type Scratch =
  & StoredMetric
  & Record<string, (...given: unknown[]) => unknown>;

/** A client's entry, whatever the type of its metric. */
export type Row = StoredValue & StoredHistogram;

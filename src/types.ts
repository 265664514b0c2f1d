/** The shapes this package works with; an object with the methods fits. */

import type { CollectedMetric } from "./registry_types.ts";

export type * from "./discovery_types.ts";
export type * from "./registry_types.ts";

/** One sample of a metric that was collected. */
export type CollectedValue = CollectedMetric["values"][number];

/** An exemplar as both clients keep it; one that they refused has no value. */
export type CollectedExemplar = NonNullable<CollectedValue["exemplar"]>;

/** A metric that takes observations: a histogram, a summary, or a child of one. */
export interface Observer {
  /**
   * Takes one observation.
   *
   * @param value The measured value; in seconds from {@linkcode time}.
   */
  observe(value: number): void;
}

/** A metric that counts up: a counter, a gauge, or a child of one. */
export interface Incrementer {
  /** Adds one. */
  inc(): void;
}

/** A metric that goes up and down: a gauge or a child of one. */
export interface IncDecrementer extends Incrementer {
  /** Subtracts one. */
  dec(): void;
}

/** The types of metric families. */
export const METRIC_TYPES = [
  "counter",
  "gauge",
  "histogram",
  "summary",
  "info",
  "stateset",
  "unknown",
] as const;

export type MetricType = typeof METRIC_TYPES[number];

/** One label set of a metric family. */
export interface Series {
  /**
   * The label names and values, in the order in which they are written, without
   * `le` and `quantile`.
   */
  readonly labels: Readonly<Record<string, string>>;
  /**
   * The upper bounds of a histogram's buckets, ascending and without `+Inf`; the
   * quantiles of a summary.
   */
  readonly bounds?: readonly number[];
  /**
   * The labels as the formats write them, escaped and without braces:
   * `a="1",b="2"`. It spares encoders their work; only if all names consist of
   * letters, digits and underscores, since formats differ about others.
   */
  readonly text?: string;
}

/** An example of what a value was made from, by the id of a trace. */
export interface Exemplar {
  /** The labels of the exemplar. */
  readonly labels: Readonly<Record<string, string>>;
  /** The value that was observed, or added. */
  readonly value: number;
  /** When, in seconds since the Unix epoch. */
  readonly timestamp?: number;
}

/**
 * A metric with all its series, as plain data: gathering yields it, and encoders
 * write it.
 */
export interface MetricFamily {
  /** The name of the metric, as it was registered. */
  readonly name: string;
  /** The help text. */
  readonly help: string;
  /** The type, which decides what the values mean. */
  readonly type: MetricType;
  /**
   * The label sets, no two of them alike. Encoders know the array and each series
   * by the object: one that is passed again must not have changed.
   */
  readonly series: readonly Series[];
  /**
   * The values of all series, one series after the other. A histogram has the count
   * of observations up to each bound, then their count, then their sum; a summary
   * the value at each quantile, then the count, then the sum; all others one value.
   * The values of one series are of one moment.
   */
  readonly values: ArrayLike<number>;
  /**
   * The exemplars of counters and of histograms' buckets, by the index in `values`;
   * the count of all is the last bucket's.
   */
  readonly exemplars?: ReadonlyMap<number, Exemplar>;
  /**
   * The times of values, by the index in `values`, in milliseconds since the Unix
   * epoch. All values of a series have one, or none has.
   */
  readonly timestamps?: ReadonlyMap<number, number>;
  /**
   * An object that the families of one metric share from scrape to scrape, by which
   * encoders remember what they have written.
   */
  readonly origin?: object;
}

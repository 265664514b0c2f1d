/**
 * The shapes this package works with. Anything that has the methods fits:
 * metrics and registries of `prom-client`, of `@prometheus-io/client`, or
 * objects of one's own.
 *
 * @module
 */

/** A metric that takes observations: a histogram, a summary, or a child of one. */
export interface Observer {
  /**
   * Takes one observation.
   *
   * @param value What was measured, in seconds where {@linkcode time} measures it.
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

/** One value of a series at the time of gathering. */
export interface Sample {
  /** The full sample name; of a histogram's bucket `name_bucket`. */
  readonly name: string;
  /** The label set. A value that is not a string is turned into one. */
  readonly labels: Readonly<Record<string, string | number>>;
  /** The value; `NaN` and the infinities are allowed. */
  readonly value: number;
}

/** What a metric family may be. */
export type MetricType = "counter" | "gauge" | "histogram" | "summary";

/**
 * A metric with all its series at one moment: what gathering yields and what
 * the exposition formats are written from.
 */
export interface MetricFamily {
  /** The name of the metric, as it was registered. */
  readonly name: string;
  /** The help text. */
  readonly help: string;
  /** The type, which decides what the samples mean. */
  readonly type: MetricType;
  /** The samples; those of a histogram are cumulative, with `le` as a label. */
  readonly samples: readonly Sample[];
}

/** What a registered metric answers when it is asked for its values. */
export interface CollectedMetric {
  /** The name of the metric. */
  readonly name: string;
  /** The help text. */
  readonly help: string;
  /** `counter`, `gauge`, `histogram` or `summary`. */
  readonly type: unknown;
  /** The values, one a sample. */
  readonly values: ReadonlyArray<{
    readonly value: number;
    readonly labels: Readonly<Partial<Record<string, string | number>>>;
    readonly metricName?: string;
  }>;
}

/** A metric in a {@linkcode Registry}. */
export interface RegisteredMetric {
  /** The name of the metric. */
  readonly name: string;
  /**
   * Runs the metric's `collect`, if it has one, and yields its values. Both
   * clients have it on every metric, but leave it out of the type of what a
   * registry lists.
   */
  get?(): Promise<CollectedMetric>;
}

/**
 * A registry of metrics, as far as this package needs one: a `Registry` of
 * either client fits.
 */
export interface Registry {
  /** The metrics that are registered now. */
  getMetricsAsArray(): readonly RegisteredMetric[];
}

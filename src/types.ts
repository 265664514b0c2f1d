/**
 * The shapes this package works with. Anything that has the methods fits:
 * metrics and registries of `prom-client`, of `@prometheus-io/client`, or
 * objects of one's own.
 *
 * @module
 */

export type * from "./discovery_types.ts";
export type * from "./registry_types.ts";

/**
 * A metric that takes observations: a histogram, a summary, or a child of one.
 *
 * @example A metric of your own
 * ```ts
 * import { type Observer, time } from "@prometheus-async/prometheus-async";
 *
 * class Longest implements Observer {
 *   seconds = 0;
 *   observe(value: number) {
 *     this.seconds = Math.max(this.seconds, value);
 *   }
 * }
 * const longest = new Longest();
 * await time(longest, new Promise((resolve) => setTimeout(resolve, 20)));
 * if (longest.seconds < 0.01) throw new Error("not observed");
 * ```
 */
export interface Observer {
  /**
   * Takes one observation.
   *
   * @param value What was measured, in seconds where {@linkcode time} measures it.
   */
  observe(value: number): void;
}

/**
 * A metric that counts up: a counter, a gauge, or a child of one.
 *
 * @example A metric of your own
 * ```ts
 * import { countExceptions, type Incrementer } from "@prometheus-async/prometheus-async";
 *
 * let failures = 0;
 * const metric: Incrementer = { inc: () => void failures++ };
 * await countExceptions(metric, Promise.reject(new Error("no"))).catch(() => {});
 * if (failures !== 1) throw new Error("not counted");
 * ```
 */
export interface Incrementer {
  /** Adds one. */
  inc(): void;
}

/**
 * A metric that goes up and down: a gauge or a child of one.
 *
 * @example A metric of your own
 * ```ts
 * import { type IncDecrementer, trackInprogress } from "@prometheus-async/prometheus-async";
 *
 * const seen: number[] = [];
 * let inprogress = 0;
 * const metric: IncDecrementer = {
 *   inc: () => void seen.push(++inprogress),
 *   dec: () => void seen.push(--inprogress),
 * };
 * await trackInprogress(metric, Promise.resolve());
 * if (seen.join() !== "1,0") throw new Error(`was ${seen}`);
 * ```
 */
export interface IncDecrementer extends Incrementer {
  /** Subtracts one. */
  dec(): void;
}

/** What a metric family may be. */
export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "summary"
  | "unknown";

/** One label set of a metric family. */
export interface Series {
  /**
   * The label names and values, in the order in which they are written; without
   * the `le` of a histogram and the `quantile` of a summary.
   */
  readonly labels: Readonly<Record<string, string>>;
  /**
   * Of a histogram the upper bounds of its buckets, ascending and without
   * `+Inf`; of a summary its quantiles. Absent from all others.
   */
  readonly bounds?: readonly number[];
  /**
   * The labels as the formats write them, escaped and without braces:
   * `a="1",b="2"`. Only where all names consist of letters, digits and
   * underscores, since formats differ about others; encoders are faster then.
   */
  readonly text?: string;
}

/** An example of what a value was made from, such as the id of a trace. */
export interface Exemplar {
  /** The labels of the exemplar. */
  readonly labels: Readonly<Record<string, string>>;
  /** What was observed, or added. */
  readonly value: number;
  /** When, in seconds since the Unix epoch. */
  readonly timestamp?: number;
}

/**
 * A metric with all its series: what gathering yields and what the exposition
 * formats are written from. It is plain data, whoever makes it.
 */
export interface MetricFamily {
  /** The name of the metric, as it was registered. */
  readonly name: string;
  /** The help text. */
  readonly help: string;
  /** The type, which decides what the values mean. */
  readonly type: MetricType;
  /**
   * The label sets, no two of them alike. Encoders know a series, and all of
   * them, by the object: one that is passed again must not have changed.
   */
  readonly series: readonly Series[];
  /**
   * The values of all series, one series after the other. A histogram's has the
   * count of observations up to each bound, then that of all, then their sum; a
   * summary's the value at each quantile, then the count, then the sum. All
   * others have one value. Those of one series are of one moment.
   */
  readonly values: ArrayLike<number>;
  /**
   * Exemplars of values, by their index in `values`: of counters, and of a
   * histogram's buckets, where the count of all stands for the last one.
   */
  readonly exemplars?: ReadonlyMap<number, Exemplar>;
  /**
   * What the families of one metric have in common from scrape to scrape: by it
   * encoders remember what they have written. Without it they start anew.
   */
  readonly origin?: object;
}

/**
 * Registries and their metrics, as those of the clients are, and as one's own may
 * be.
 *
 * @module
 */

/**
 * One value that a metric answers with.
 *
 * @example A value with labels
 * ```ts
 * import { type CollectedValue, metricsHandler } from "@prometheus-async/prometheus-async";
 *
 * const values: CollectedValue[] = [{ value: 21.5, labels: { room: "attic" } }];
 * const metric = {
 *   name: "celsius",
 *   get: () => ({ name: "celsius", help: "How warm", type: "gauge", values }),
 * };
 * const registry = { getMetricsAsArray: () => [metric] };
 * const response = await metricsHandler({ registry })(
 *   new Request("http://localhost/metrics"),
 * );
 * const text = await response.text();
 * if (!text.includes('celsius{room="attic"} 21.5')) throw new Error(text);
 * ```
 */
export interface CollectedValue {
  /** The value; `NaN` and the infinities are allowed. */
  readonly value: number;
  /** The label set. A value that is not a string is turned into one. */
  readonly labels?: Readonly<Record<string, unknown>>;
  /**
   * The name of the sample where it is not that of the metric: of a histogram
   * `name_bucket`, `name_sum`, `name_count`.
   */
  readonly metricName?: string;
  /** What the value was made from. */
  readonly exemplar?: CollectedExemplar | null;
}

/**
 * An exemplar as both clients keep it; one that they refused has no value.
 *
 * @example An exemplar in OpenMetrics
 * ```ts
 * import { type CollectedExemplar, metricsHandler } from "@prometheus-async/prometheus-async";
 *
 * const exemplar: CollectedExemplar = { labelSet: { trace_id: "4bf9" }, value: 1 };
 * const name = "jobs_total";
 * const values = [{ value: 7, exemplar }];
 * const metric = { name, get: () => ({ name, help: "", type: "counter", values }) };
 * const registry = { getMetricsAsArray: () => [metric] };
 * const headers = { accept: "application/openmetrics-text" };
 * const response = await metricsHandler({ registry })(
 *   new Request("http://localhost/metrics", { headers }),
 * );
 * const text = await response.text();
 * if (!text.includes('# {trace_id="4bf9"}')) throw new Error(text);
 * ```
 */
export interface CollectedExemplar {
  /** The labels of the exemplar. */
  readonly labelSet: Readonly<Record<string, unknown>>;
  /** What was observed, or added. */
  readonly value: number | null;
  /** When, in seconds since the Unix epoch. */
  readonly timestamp?: number;
}

/**
 * What a registered metric answers when it is asked for its values.
 *
 * @example What a metric of your own answers
 * ```ts
 * import { type CollectedMetric, metricsHandler } from "@prometheus-async/prometheus-async";
 *
 * const get = (): CollectedMetric => ({
 *   name: "open_files",
 *   help: "Files that are open",
 *   type: "gauge",
 *   values: [{ value: 3 }],
 * });
 * const registry = { getMetricsAsArray: () => [{ name: "open_files", get }] };
 * const response = await metricsHandler({ registry })(
 *   new Request("http://localhost/metrics"),
 * );
 * const text = await response.text();
 * if (!text.includes("\nopen_files 3\n")) throw new Error(text);
 * ```
 */
export interface CollectedMetric {
  /** The name of the metric. */
  readonly name: string;
  /** The help text. */
  readonly help: string;
  /** A {@linkcode MetricType}. */
  readonly type: unknown;
  /** The values, one a sample. */
  readonly values: readonly CollectedValue[];
}

/**
 * A metric in a {@linkcode Registry}.
 *
 * @example A metric that is asked elsewhere
 * ```ts
 * import { metricsHandler, type RegisteredMetric } from "@prometheus-async/prometheus-async";
 *
 * const name = "queue_length";
 * const metric: RegisteredMetric = {
 *   name,
 *   async get() {
 *     const value = await Promise.resolve(12);
 *     return { name, help: "Jobs that wait", type: "gauge", values: [{ value }] };
 *   },
 * };
 * const registry = { getMetricsAsArray: () => [metric] };
 * const response = await metricsHandler({ registry })(
 *   new Request("http://localhost/metrics"),
 * );
 * const text = await response.text();
 * if (!text.includes("\nqueue_length 12\n")) throw new Error(text);
 * ```
 */
export interface RegisteredMetric {
  /** The name of the metric. */
  readonly name: string;
  /**
   * Runs the metric's `collect`, if it has one, and yields its values. Both
   * clients have it on every metric, but leave it out of the type of what a
   * registry lists.
   */
  get?(): CollectedMetric | Promise<CollectedMetric>;
}

/**
 * A registry of metrics, as far as this package needs one: a `Registry` of
 * either client fits.
 *
 * @example A registry of your own
 * ```ts
 * import { metricsHandler, type Registry } from "@prometheus-async/prometheus-async";
 * import { register } from "prom-client";
 *
 * // Only what begins with "shop_" of the global registry.
 * const registry: Registry = {
 *   getMetricsAsArray: () =>
 *     register.getMetricsAsArray().filter(({ name }) => name.startsWith("shop_")),
 * };
 * const response = await metricsHandler({ registry })(
 *   new Request("http://localhost/metrics"),
 * );
 * if (response.status !== 200) throw new Error(await response.text());
 * ```
 */
export interface Registry {
  /** The metrics that are registered now. */
  getMetricsAsArray(): readonly RegisteredMetric[];
}

/** Registries and their metrics: those of the clients fit, and one's own. */

/** The values of a registered metric. */
export interface CollectedMetric {
  /** The name of the metric. */
  readonly name: string;
  /** The help text. */
  readonly help: string;
  /**
   * `"counter"`, `"gauge"`, `"histogram"`, `"summary"`, `"info"`, `"stateset"`, or
   * `"unknown"`, which may be spelled `"untyped"`.
   */
  readonly type: unknown;
  /**
   * One object a sample:
   *
   * - `value`: the value; `NaN` and the infinities are allowed. A sample whose
   *   value is no number is left out, and the metric named as a failure.
   * - `labels`: the label set; values that are not strings are made strings.
   * - `metricName`: the name of the sample where it is not the metric's, as
   *   `name_bucket`, `name_sum` and `name_count` of a histogram.
   * - `timestamp`: the time of the value, in milliseconds since the Unix epoch.
   * - `exemplar`: its labels, the value that was observed or added, `null` if the
   *   client refused it, and the time in seconds since the Unix epoch.
   */
  readonly values: readonly {
    readonly value: number;
    readonly labels?: Readonly<Record<string, unknown>>;
    readonly metricName?: string;
    readonly timestamp?: number | Date | null;
    readonly exemplar?: {
      readonly labelSet: Readonly<Record<string, unknown>>;
      readonly value: number | null;
      readonly timestamp?: number;
    } | null;
  }[];
}

/**
 * A metric in a {@linkcode Registry}.
 *
 * @example A metric whose value is elsewhere
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
   * Runs the metric's `collect`, if it has one, and yields its values. Every metric
   * of the clients has it, though their types of listed metrics leave it out.
   */
  get?(): CollectedMetric | Promise<CollectedMetric>;
}

/**
 * A registry of metrics, as far as this package needs one; a `Registry` of either
 * client fits.
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

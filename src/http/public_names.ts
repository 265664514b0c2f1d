/** The public names of request metrics' options, for each way to measure requests. */

export type { RequestMetricsOptions } from "./request_options.ts";
export type { MetricsRegistry } from "./request_metrics.ts";
export type { LabelValues } from "../wrappers/wrapper_options.ts";
export type * from "../registry_types.ts";

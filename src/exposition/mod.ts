/**
 * Serving metrics to Prometheus from any fetch handler, for registries of
 * `prom-client` and `@prometheus-io/client` alike.
 *
 * No client is imported until the default registry is first needed.
 *
 * @example A handler for a registry
 * ```ts
 * import { metricsHandler } from "@prometheus-async/prometheus-async/exposition";
 * import { Registry } from "prom-client";
 *
 * const handler = metricsHandler({ registry: new Registry() });
 * const response = await handler(new Request("http://localhost/metrics"));
 * if (!response.ok) throw new Error(await response.text());
 * ```
 *
 * @module
 */

export {
  type MetricsHandler,
  metricsHandler,
  type MetricsHandlerOptions,
  type MetricsRequest,
  serverStats,
} from "./handler.ts";
export type { CollectedMetric, RegisteredMetric, Registry } from "../types.ts";

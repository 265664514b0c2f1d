/**
 * Serving metrics to Prometheus from any fetch handler, for registries of
 * `prom-client` and `@prometheus-io/client` alike.
 *
 * No client is imported, unless the default registry is scraped before the
 * application has loaded one.
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
  serverStats,
} from "./metrics_handler.ts";
export type * from "./public_names.ts";
export type { MetricsRequest } from "../answer.ts";
export { CollectorError } from "../errors.ts";

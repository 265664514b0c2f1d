/**
 * Metrics of the process and its runtime that are true on Deno, Bun and Node.
 *
 * @example Serving them beside those of a client
 * ```ts
 * import { runtimeMetrics } from "@prometheus-async/prometheus-async/runtime-metrics";
 * import { startHttpServer } from "@prometheus-async/prometheus-async/server";
 * import { register } from "prom-client";
 *
 * const runtime = runtimeMetrics();
 * const server = await startHttpServer({
 *   addr: "127.0.0.1",
 *   registry: [register, runtime],
 * });
 * const text = await (await fetch(server.metricsUrl)).text();
 * await server.close();
 * runtime.stop();
 * if (!text.includes("\nprocess_cpu_seconds_total ")) throw new Error(text);
 * ```
 *
 * @module
 */

export {
  type RuntimeMetrics,
  runtimeMetrics,
  type RuntimeMetricsOptions,
} from "./runtime_metrics.ts";

import { metricsHandler } from "../exposition/metrics_handler.ts";
import type { MetricsHandlerOptions } from "../exposition/handler_options.ts";
import type { HonoContext } from "./context.ts";

/**
 * Makes a handler for the route of the metrics.
 *
 * It answers as a handler of {@linkcode metricsHandler} does, for the given
 * registry or those of all clients that the application has loaded.
 *
 * @example The route that Prometheus scrapes
 * ```ts
 * import { metrics } from "@prometheus-async/prometheus-async/hono";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.get("/metrics", metrics());
 *
 * const response = await app.request("/metrics");
 * if (response.status !== 200) throw new Error(await response.text());
 * ```
 *
 * @param options What is served, and within which bounds.
 * @returns The handler.
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If a number among the options is out of its range.
 */
export function metrics(
  options: MetricsHandlerOptions = {},
): (c: HonoContext) => Promise<Response> {
  const handle = metricsHandler(options);
  return (c) => handle(c.req.raw);
}

/**
 * Request metrics and the metrics' route for Hono, one line each.
 *
 * Hono is not imported: the application's own fits, from npm or from JSR.
 *
 * @example Measuring an application
 * ```ts
 * import { metrics, prometheus } from "@prometheus-async/prometheus-async/hono";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.get("/metrics", metrics());
 * app.use(prometheus());
 * app.get("/", (c) => c.text("hello"));
 *
 * const response = await app.request("/");
 * if (await response.text() !== "hello") throw new Error("changed");
 * ```
 *
 * @module
 */

export { metrics } from "./metrics.ts";
export { prometheus, type PrometheusOptions } from "./prometheus.ts";
export type { HonoContext } from "./context.ts";
export type * from "../http/public_names.ts";
export type * from "../exposition/public_names.ts";

/**
 * Prometheus metrics for asynchronous JavaScript: wrappers that measure
 * promises to their end, and a metrics server, on Deno, Bun and Node.
 *
 * @example Measuring a function and serving what was measured
 * ```ts
 * import { startHttpServer, time } from "@prometheus-async/prometheus-async";
 * import { Histogram } from "prom-client";
 *
 * const jobTime = new Histogram({
 *   name: "job_duration_seconds",
 *   help: "Time spent in jobs",
 * });
 *
 * const job = time(jobTime)(async (n: number) => n * 2);
 *
 * const server = await startHttpServer({ addr: "127.0.0.1" });
 *
 * await job(21);
 * const scrape = await fetch(server.metricsUrl).then((r) => r.text());
 * await server.close();
 * if (!scrape.includes("job_duration_seconds_count 1")) throw new Error(scrape);
 * ```
 *
 * @module
 */

export * from "./src/wrappers/mod.ts";
export * from "./src/exposition/mod.ts";
export * from "./src/server/mod.ts";
export * from "./src/thread/mod.ts";
export * from "./src/discovery/mod.ts";
export * from "./src/http/mod.ts";
export * from "./src/runtime_metrics/mod.ts";

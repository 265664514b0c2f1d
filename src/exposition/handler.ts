import {
  type MetricsHandlerOptions,
  readOptions,
  requireKnownOptions,
} from "./options.ts";
import { RegistryGatherer } from "../gather/gather.ts";
import { OwnRegistry } from "../metrics/own_registry.ts";
import { type MetricsRequest, ScrapeHandler } from "./scrape_handler.ts";

/**
 * Serves metrics; fits wherever a fetch handler does.
 *
 * @example A handler for one registry or the other
 * ```ts
 * import { type MetricsHandler, metricsHandler, serverStats } from "@prometheus-async/prometheus-async";
 * import { Registry } from "prom-client";
 *
 * const routes: Record<string, MetricsHandler> = {
 *   "/metrics": serverStats,
 *   "/metrics/jobs": metricsHandler({ registry: new Registry() }),
 * };
 * const request = new Request("http://localhost/metrics/jobs");
 * const response = await routes[new URL(request.url).pathname](request);
 * if (response.status !== 200) throw new Error(await response.text());
 * ```
 */
export type MetricsHandler = (request: MetricsRequest) => Promise<Response>;

/**
 * Makes a fetch handler that serves metrics to Prometheus.
 *
 * Every scraper gets the best exposition format that it asks for: the Prometheus
 * text formats 0.0.4 and 1.0.0, OpenMetrics 1.0.0 and 0.0.1, compressed if it
 * likes. It gets its answer before it gives up waiting, whatever a collector
 * does: one that fails, or is not done in time, costs its own metric only, and
 * is named in `prometheus_async_collector_failures_total` and to `onError`.
 * Registries are never changed, and the client's own rendering is not used.
 *
 * `GET` and `HEAD` are answered with 200, `OPTIONS` with 204, other methods with
 * 405. With `name[]` in the query only the metrics of these names are collected.
 * 400 is for a query that cannot be read, 503 for more scrapes at once than
 * `maxInFlight`, 500 for when there is no registry, or `failOnError` and a
 * failure; all of them say why.
 *
 * @example Serving a registry of one's own
 * ```ts
 * import { metricsHandler } from "@prometheus-async/prometheus-async";
 * import { Counter, Registry } from "prom-client";
 *
 * const registry = new Registry();
 * new Counter({
 *   name: "jobs_total",
 *   help: "Jobs done",
 *   registers: [registry],
 * }).inc();
 *
 * const handler = metricsHandler({ registry });
 * const response = await handler(new Request("http://localhost/metrics"));
 * const text = await response.text();
 * if (!text.includes("\njobs_total 1\n")) throw new Error(text);
 * ```
 *
 * @param options What is served, and within which bounds.
 * @returns The handler. Its promise rejects with a `TypeError` when it is given
 * something without `url` and `headers`, such as a framework's context.
 * @throws {TypeError} If an option is of the wrong type, such as a `registry`
 * that is none, or is not known.
 * @throws {RangeError} If a number among the options is out of its range.
 */
export function metricsHandler(
  options: MetricsHandlerOptions = {},
): MetricsHandler {
  requireKnownOptions(options);
  const { settings, registries, onError } = readOptions(options);
  const handler = new ScrapeHandler(
    settings,
    new RegistryGatherer(registries),
    new OwnRegistry(),
    onError,
  );
  return handler.handle;
}

/**
 * Serves the metrics in the global registries of all clients that the application
 * has loaded; mount it where your framework takes a fetch handler.
 *
 * It answers as a handler of {@linkcode metricsHandler} without options does.
 *
 * @example Beside an application's own routes
 * ```ts
 * import { serverStats } from "@prometheus-async/prometheus-async";
 *
 * function handler(request: Request): Response | Promise<Response> {
 *   const { pathname } = new URL(request.url);
 *   if (pathname === "/metrics") return serverStats(request);
 *   return new Response("hello");
 * }
 *
 * const response = await handler(new Request("http://localhost/metrics"));
 * if (response.status !== 200) throw new Error(await response.text());
 * ```
 *
 * @param request The scrape.
 * @returns The metrics; rejects with a `TypeError` if `request` has no `url`
 * and `headers`.
 */
export const serverStats: MetricsHandler = metricsHandler();

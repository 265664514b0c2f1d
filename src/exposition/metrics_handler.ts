import type { MetricsRequest } from "../answer.ts";
import { reporter } from "../base/report.ts";
import { check } from "../base/rules.ts";
import { RegistryGatherer } from "../gather/gather.ts";
import { OwnRegistry } from "../metrics/own_registry.ts";
import type { UnsentAnswers } from "../runtime/unsent_answers.ts";
import {
  HANDLER_RULES,
  type MetricsHandlerOptions,
  partsOf,
  UNSENT_DEFAULTS,
} from "./handler_options.ts";
import { InFlight } from "./in_flight.ts";
import { ScrapeHandler } from "./scrape_handler.ts";

/** Serves metrics; fits wherever a fetch handler does. */
export type MetricsHandler = (request: MetricsRequest) => Promise<Response>;

/**
 * Makes a fetch handler that serves metrics to Prometheus.
 *
 * Every scraper gets the best exposition format that it asks for (the Prometheus
 * text formats 0.0.4 and 1.0.0, OpenMetrics 1.0.0 and 0.0.1), compressed if it
 * likes, and before it gives up waiting. A collector that fails, or is not done in
 * time, costs its own metric only, and is named in
 * `prometheus_async_collector_failures_total` and to `onError`. Registries are
 * never changed, and the client's own rendering is not used.
 *
 * `GET` and `HEAD` are answered with 200, `OPTIONS` with 204, other methods with
 * 405. With `name[]` in the query only the metrics of these names are collected.
 * A malformed query is answered with 400, more scrapes in a second than `maxRate`
 * with 429, one without a place among `maxInFlight` with 503, no registry, or a
 * failure with `failOnError`, with 500; the body says why. Scrapes that overlap, and
 * ask for the same, share the bytes of one answer.
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
 * @param options The registry, and the limits.
 * @returns The handler. Its promise rejects with a `TypeError` when it is given
 * something without `url` and `headers`, such as a framework's context.
 * @throws {TypeError} If an option is of the wrong type, or unknown.
 * @throws {RangeError} If a number among the options is out of its range.
 */
export function metricsHandler(
  options: MetricsHandlerOptions = {},
): MetricsHandler {
  return makeScrapeHandler(options).handler.handle;
}

/** Makes what answers the requests of a handler, and knows its unsent answers. */
export function makeScrapeHandler(
  options: MetricsHandlerOptions,
): { readonly handler: ScrapeHandler; readonly unsent: UnsentAnswers } {
  const { settings, registries, onError } = partsOf(
    check("serve metrics", "options", options, HANDLER_RULES),
  );
  const { maxInFlight } = settings;
  const limits = { maxInFlight, ...UNSENT_DEFAULTS };
  const inFlight = new InFlight(limits, reporter("serve metrics", onError));
  const handler = new ScrapeHandler({
    settings,
    gatherer: new RegistryGatherer(registries),
    own: new OwnRegistry(),
    inFlight,
    onError,
  });
  return { handler, unsent: inFlight.unsent };
}

/**
 * Serves the metrics in the global registries of all clients that the application
 * has loaded, as a handler of {@linkcode metricsHandler} without options does;
 * mount it where your framework takes a fetch handler.
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

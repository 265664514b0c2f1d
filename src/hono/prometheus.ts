import { Exchange } from "../http/exchange.ts";
import { RequestMeter } from "../http/request_meter.ts";
import type { RequestMetricsOptions } from "../http/request_options.ts";
import type { HonoContext } from "./context.ts";
import { routeOf } from "./route.ts";

/**
 * Options for {@linkcode prometheus}.
 *
 * @typeParam C The application's context, for the functions among them.
 */
export type PrometheusOptions<C extends HonoContext = HonoContext> =
  RequestMetricsOptions<C>;

/**
 * Makes a middleware that measures an application's requests to the last byte of
 * their responses, by method, route and status.
 *
 * The metrics, and when a response has ended, are those of
 * {@linkcode instrumentHandler}. The route is the pattern of the handler that
 * answered, with those of the applications that it is mounted in, such as
 * `/api/users/:id`; also when its error handler answered, or a middleware before
 * it. Without such a handler it is the pattern of the middleware that answered,
 * such as one that serves files, or `_OTHER` if the status is 404. Functions that
 * take `next`, for any method or for paths that end in `*`, count as middleware.
 *
 * Mount it once, before the routes that it should measure.
 *
 * @example Measuring an application, and serving what was measured
 * ```ts
 * import { metrics, prometheus } from "@prometheus-async/prometheus-async/hono";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.get("/metrics", metrics());
 * app.use(prometheus());
 * app.get("/users/:id", (c) => c.text(c.req.param("id")));
 *
 * await app.request("/users/7");
 * const scrape = await (await app.request("/metrics")).text();
 * if (!scrape.includes('{method="GET",route="/users/:id",status="200"} 1')) {
 *   throw new Error(scrape);
 * }
 * ```
 *
 * @example Labels of your own
 * ```ts
 * import { prometheus } from "@prometheus-async/prometheus-async/hono";
 * import { type Context, Hono } from "hono";
 * import { Registry } from "prom-client";
 *
 * const registry = new Registry();
 * const app = new Hono();
 * app.use(prometheus({
 *   registry,
 *   labels: {
 *     failed: (c: Context) => c.error ? "yes" : "no",
 *   },
 * }));
 * app.get("/", (c) => c.text("hello"));
 *
 * await app.request("/");
 * const scrape = await registry.getSingleMetricAsString("http_requests_total");
 * if (!scrape.includes('status="200",failed="no"} 1')) throw new Error(scrape);
 * ```
 *
 * @typeParam C The application's context.
 * @param options The registry, and what else is measured.
 * @returns The middleware, which fits wherever Hono takes one.
 * @throws {TypeError} If an option is of the wrong type, if the registry has
 * other metrics of the same names, or if applications that share their metrics
 * want different ones.
 * @throws {RangeError} If an option is out of its range.
 */
export function prometheus<C extends HonoContext = HonoContext>(
  options: PrometheusOptions<C> = {},
): (c: C, next: () => Promise<void>) => Promise<void> {
  const meter = new RequestMeter<C>(
    "prometheus",
    options,
    (c) => routeOf(c, measure),
  );

  async function measure(c: C, next: () => Promise<void>): Promise<void> {
    if (meter.hasExclusions && meter.excludes(c.req.raw.url, c)) {
      return await next();
    }
    const exchange = new Exchange(meter, c.req.raw, c.env);
    try {
      await next();
    } catch (error) {
      // Hono handles every `Error`; other thrown values go on to the server.
      exchange.fail(c);
      throw error;
    }
    // Without a response, Hono answers with an error.
    if (!c.finalized) return exchange.fail(c);
    const followed = exchange.answer(c.res, c);
    if (followed === undefined) return;
    const response = await followed;
    // Otherwise Hono would read its body once more, to add the other's headers.
    c.res = undefined;
    c.res = response;
  }

  return measure;
}

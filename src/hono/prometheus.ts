import { Exchange } from "../http/exchange.ts";
import type { RequestMetricsOptions } from "../http/options.ts";
import { RequestMeter } from "../http/request_meter.ts";
import type { HonoContext } from "./context.ts";
import { routeOf } from "./route.ts";

/**
 * Options for {@linkcode prometheus}.
 *
 * @example Options of the middleware
 * ```ts
 * import { prometheus, type PrometheusOptions } from "@prometheus-async/prometheus-async/hono";
 * import { Hono } from "hono";
 * import { Registry } from "prom-client";
 *
 * const options: PrometheusOptions = { registry: new Registry(), prefix: "shop_" };
 * const app = new Hono();
 * app.use(prometheus(options));
 * app.get("/", (c) => c.text("hello"));
 * const response = await app.request("/");
 * if (await response.text() !== "hello") throw new Error("changed");
 * ```
 *
 * @typeParam C The application's context, for the functions among them.
 */
export type PrometheusOptions<C extends HonoContext = HonoContext> =
  RequestMetricsOptions<C>;

/**
 * A middleware: it fits wherever Hono takes one.
 *
 * @example A middleware that is made elsewhere
 * ```ts
 * import { prometheus, type PrometheusMiddleware } from "@prometheus-async/prometheus-async/hono";
 * import { Hono } from "hono";
 * import { Registry } from "prom-client";
 *
 * const middleware: PrometheusMiddleware = prometheus({
 *   registry: new Registry(),
 * });
 * const app = new Hono().use(middleware);
 * app.get("/", (c) => c.text("hello"));
 * const response = await app.request("/");
 * if (await response.text() !== "hello") throw new Error("changed");
 * ```
 *
 * @typeParam C The application's context.
 */
export type PrometheusMiddleware<C extends HonoContext = HonoContext> = (
  c: C,
  next: () => Promise<void>,
) => Promise<void>;

/**
 * Makes a middleware that measures an application's requests to the last byte of
 * their responses, by method, route and status.
 *
 * The metrics, and when a response has ended, are those of
 * {@linkcode instrumentHandler}. The route is the pattern of the handler that has
 * answered, with those of the applications that it is mounted in, such as
 * `/api/users/:id`; also when its error handler did, or a middleware before it.
 * Where there is no such handler it is the pattern of the middleware that has
 * answered, such as one that serves files, or `_OTHER` if the status is 404.
 * Middleware is what takes `next`, for any method or for paths that end in `*`.
 *
 * Mount it once, before whatever is to be measured.
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
 * @returns The middleware.
 * @throws {TypeError} If an option is of the wrong type, if the registry has
 * other metrics of the same names, or if those that share their metrics want
 * different ones.
 * @throws {RangeError} If an option is out of its range.
 */
export function prometheus<C extends HonoContext = HonoContext>(
  options: PrometheusOptions<C> = {},
): PrometheusMiddleware<C> {
  const meter = new RequestMeter<C>(
    "prometheus",
    options,
    (c) => routeOf(c, measure),
  );

  async function measure(c: C, next: () => Promise<void>): Promise<void> {
    const exchange = new Exchange(meter, c.req.raw, c.env);
    try {
      await next();
    } catch (error) {
      // Hono handles every `Error`; what else is thrown goes on to the server.
      exchange.fail(c);
      throw error;
    }
    // Hono answers with an error if nobody did.
    if (!c.finalized) return exchange.fail(c);
    const followed = exchange.answer(c.res, c);
    if (followed === undefined) return;
    const response = await followed;
    // Or Hono would read its body once more, to add the headers of the other.
    c.res = undefined;
    c.res = response;
  }

  return measure;
}

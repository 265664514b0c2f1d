import { RequestMeter } from "../http/request_meter.ts";
import type { RequestMetricsOptions } from "../http/request_options.ts";
import { appOf, routeOf } from "./express_route.ts";
import { measure } from "./measure.ts";
import type { NodeCall, NodeRequest, NodeResponse } from "./types.ts";

/**
 * Makes a middleware for Express, Connect, and NestJS on Express that measures
 * requests to the last byte of their responses, by method, route and status.
 *
 * The metrics are those of {@linkcode instrumentHandler}. The route is the pattern
 * that the request has reached, with those of the routers and applications around
 * it, such as `/api/:version/users/:id`, even if an error handler answered. The part
 * of a router whose pattern is unknown, such as one that is mounted twice, is `*`.
 * Without a route, as for files and other middleware, it is `_OTHER`.
 *
 * @example Measuring an application
 * ```ts
 * import { middleware } from "@prometheus-async/prometheus-async/node";
 * import { Registry } from "prom-client";
 *
 * const measureRequests = middleware({ registry: new Registry() });
 * // Before all others: app.use(measureRequests);
 * if (measureRequests.length !== 3) throw new Error("no middleware");
 * ```
 *
 * @typeParam Q The class of the requests.
 * @typeParam R The class of the responses.
 * @param options The registry, and what else is measured.
 * @returns The middleware; use it once, before all others.
 * @throws {TypeError} If an option is of the wrong type, if the registry has
 * other metrics of the same names, or if applications that share their metrics
 * want different ones.
 * @throws {RangeError} If an option is out of its range.
 */
export function middleware<
  Q extends NodeRequest = NodeRequest,
  R extends NodeResponse = NodeResponse,
>(
  options: RequestMetricsOptions<NodeCall<Q, R>> = {},
): (request: Q, response: R, next: () => void) => void {
  const meter = new RequestMeter<Call<Q, R>>(
    "middleware",
    options,
    ({ request, app }) => routeOf(request, app),
  );
  return (request, response, next) => {
    // Kept now: mounted applications replace the one of the request.
    const app = appOf(request);
    measure(meter, request, response, { request, response, app });
    next();
  };
}

interface Call<Q, R> extends NodeCall<Q, R> {
  readonly app: unknown;
}

import { RequestMeter } from "../http/request_meter.ts";
import type { RequestMetricsOptions } from "../http/request_options.ts";
import { measure } from "./measure.ts";
import { patternOf } from "./pattern.ts";
import type { KoaContext } from "./types.ts";

/**
 * Makes a middleware for Koa that measures an application's requests to the last
 * byte of their responses, by method, route and status.
 *
 * The metrics are those of {@linkcode instrumentHandler}. The route is the pattern
 * of the `@koa/router` route that answered, or would have if no middleware had; else
 * it is `_OTHER`.
 *
 * @example Measuring an application
 * ```ts
 * import { koa } from "@prometheus-async/prometheus-async/node";
 * import { Registry } from "prom-client";
 *
 * const measureRequests = koa({ registry: new Registry() });
 * // Before all others: app.use(measureRequests);
 * if (measureRequests.length !== 2) throw new Error("no middleware");
 * ```
 *
 * @typeParam C The application's context.
 * @param options The registry, and what else is measured.
 * @returns The middleware; use it once, before all others.
 * @throws {TypeError} If an option is of the wrong type, if the registry has
 * other metrics of the same names, or if applications that share their metrics
 * want different ones.
 * @throws {RangeError} If an option is out of its range.
 */
export function koa<C extends KoaContext = KoaContext>(
  options: RequestMetricsOptions<C> = {},
): <T>(ctx: C, next: () => Promise<T>) => Promise<T> {
  const meter = new RequestMeter<C>("koa", options, routeOf);
  return (ctx, next) => {
    measure(meter, ctx.req, ctx.res, ctx);
    return next();
  };
}

/** The context, with the properties that `@koa/router` sets. */
interface RoutedContext extends KoaContext {
  /** The layers for the path, for any method, those of middleware included. */
  readonly matched?: readonly {
    readonly path: string | RegExp;
    readonly methods: readonly string[];
  }[];
  /** The path of the layer that ran last. */
  readonly _matchedRoute?: string | RegExp;
}

function routeOf(ctx: KoaContext): string | undefined {
  const { matched = [], _matchedRoute, req } = ctx as RoutedContext;
  // The router's own middleware has no methods.
  const routes = matched.filter(({ methods }) => methods.includes(req.method!));
  const route = routes.find(({ path }) => path === _matchedRoute) ?? routes[0];
  return route && patternOf(route.path);
}

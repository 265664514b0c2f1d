import { RequestMeter } from "../http/request_meter.ts";
import type { RequestMetricsOptions } from "../http/request_options.ts";
import { measure } from "./measure.ts";
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  NodeCall,
} from "./types.ts";

/**
 * Makes a plugin for Fastify that measures requests to the last byte of their
 * responses, by method, route and status.
 *
 * The metrics are those of {@linkcode instrumentHandler}. The route is Fastify's,
 * with the prefixes of its plugins; without one it is `_OTHER`. Requests that Fastify
 * refuses before its hooks, such as those of a malformed URL, are not measured.
 *
 * @example Measuring an application
 * ```ts
 * import { fastify } from "@prometheus-async/prometheus-async/node";
 * import { Registry } from "prom-client";
 *
 * const plugin = fastify({ registry: new Registry() });
 * // app.register(plugin);
 * if (plugin.length !== 3) throw new Error("no plugin");
 * ```
 *
 * @typeParam Q The class of the requests.
 * @typeParam R The class of the replies.
 * @param options The registry, and what else is measured. Functions get Fastify's
 * request, and its reply as `response`.
 * @returns The plugin. It measures all routes of the instance that it is registered
 * on, and of that instance's plugins.
 * @throws {TypeError} If an option is of the wrong type, if the registry has
 * other metrics of the same names, or if applications that share their metrics
 * want different ones.
 * @throws {RangeError} If an option is out of its range.
 */
export function fastify<
  Q extends FastifyRequest = FastifyRequest,
  R extends FastifyReply = FastifyReply,
>(
  options: RequestMetricsOptions<NodeCall<Q, R>> = {},
): (
  instance: FastifyInstance,
  options: unknown,
  done: () => void,
) => void {
  const meter = new RequestMeter<NodeCall<Q, R>>(
    "fastify",
    options,
    ({ request }) => request.routeOptions.url,
  );

  function prometheus(
    instance: FastifyInstance,
    _options: unknown,
    done: () => void,
  ): void {
    instance.addHook(
      "onRequest",
      (request: Q, response: R, next: () => void) => {
        measure(meter, request.raw, response.raw, { request, response });
        next();
      },
    );
    done();
  }

  // Otherwise the hook would apply to this plugin's own routes, of which it has none.
  return Object.assign(prometheus, { [Symbol.for("skip-override")]: true });
}

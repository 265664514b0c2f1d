import { describe } from "../base/describe.ts";
import { imitate } from "../wrappers/instrument.ts";
import {
  isObject,
  promiseOf,
  Rejection,
  settle,
} from "../wrappers/promises.ts";
import { Exchange } from "./exchange.ts";
import { RequestMeter } from "./request_meter.ts";
import { ACTION } from "./request_metrics.ts";
import { type RequestMetricsOptions, routeFinder } from "./request_options.ts";

/** A request, and how its handler answered. */
export interface HandledRequest {
  /** The request, as the server handed it to the handler. */
  readonly request: Request;
  /** The response; absent if the handler threw or returned no response. */
  readonly response?: Response;
  /** The error that the handler threw. */
  readonly error?: unknown;
}

/**
 * Options for {@linkcode instrumentHandler}.
 */
export interface InstrumentHandlerOptions
  extends RequestMetricsOptions<HandledRequest> {
  /**
   * The route that the handler is for, such as `"/users/:id"`, or a function that
   * finds it when the handler has answered. Never pass the path of a request:
   * clients can send any number of paths, and each would be a series.
   *
   * @default {undefined} All requests have the route `_OTHER`.
   */
  route?: string | ((call: HandledRequest) => string | undefined);
}

/**
 * Measures the requests of a fetch handler to the last byte of their responses.
 *
 * Counts each request by method, route and status in `http_requests_total`,
 * observes its duration in `http_request_duration_seconds`, and shows in
 * `http_requests_inprogress` how many are under way. The duration ends when the
 * whole response was handed on, however long a stream takes, or its client has
 * gone: on Node and Bun handed to the system, on Deno to its server, which takes
 * any body but a stream at once, however slow the client is. An error that the
 * handler throws is counted with status 500, and thrown on. A WebSocket is counted
 * with 101 when its handshake was answered.
 *
 * `Deno.serve`, `Bun.serve` and `@hono/node-server` tell when a response has ended,
 * by the second argument that they pass to handlers. For any other server, and for
 * Bun's on a unix socket, the response's body is read on its way, which costs more;
 * a body that is no stream then ends when the handler has answered.
 *
 * @example A handler for one route
 * ```ts
 * import { instrumentHandler } from "@prometheus-async/prometheus-async";
 * import { Registry } from "prom-client";
 *
 * const registry = new Registry();
 * const handler = instrumentHandler(
 *   (request: Request) => new Response(`you sent ${request.method}`),
 *   { registry, route: "/" },
 * );
 *
 * const response = await handler(new Request("http://localhost/"));
 * await response.text();
 * const scrape = await registry.getSingleMetricAsString("http_requests_total");
 * if (!scrape.includes('{method="GET",route="/",status="200"} 1')) {
 *   throw new Error(scrape);
 * }
 * ```
 *
 * @example Routes by pattern
 * ```ts
 * import { instrumentHandler } from "@prometheus-async/prometheus-async";
 * import { Registry } from "prom-client";
 *
 * const routes: Record<string, RegExp> = {
 *   "/users/:id": /^\/users\/[^/]+$/,
 *   "/about": /^\/about$/,
 * };
 *
 * const handler = instrumentHandler(
 *   (request: Request) => new Response(new URL(request.url).pathname),
 *   {
 *     registry: new Registry(),
 *     route({ request }) {
 *       const { pathname } = new URL(request.url);
 *       return Object.keys(routes).find((route) =>
 *         routes[route].test(pathname)
 *       );
 *     },
 *   },
 * );
 *
 * const response = await handler(new Request("http://localhost/users/7"));
 * if (await response.text() !== "/users/7") throw new Error("changed");
 * ```
 *
 * @typeParam This What the handler is called on.
 * @typeParam Q The server's class of requests.
 * @typeParam Rest The handler's further parameters.
 * @typeParam A What the handler returns: a response or a promise of one; on Bun
 * `undefined` where it makes a WebSocket.
 * @param handler The handler.
 * @param options The route, the registry, and what else is measured.
 * @returns The handler to pass to the server instead. Call it with all arguments
 * that the server passes, even if `handler` takes the request alone: they tell when
 * a response has ended. Where the body is read on its way, it returns a promise.
 * @throws {TypeError} If an option is of the wrong type, if the registry has
 * other metrics of the same names, or if handlers that share their metrics want
 * different ones.
 * @throws {RangeError} If an option is out of its range.
 */
export function instrumentHandler<
  This,
  Q extends Request,
  // deno-lint-ignore no-explicit-any
  Rest extends any[],
  A extends Response | undefined | void | Promise<Response | undefined | void>,
>(
  handler: (this: This, request: Q, ...rest: Rest) => A,
  options: InstrumentHandlerOptions = {},
): (
  this: This,
  request: Q,
  // deno-lint-ignore no-explicit-any
  ...rest: [...Rest, ...any[]]
) => A | Promise<Awaited<A>> {
  if (typeof handler !== "function") {
    throw new TypeError(
      `Cannot ${ACTION}: a fetch handler is required, received ` +
        `${describe(handler)}; of an application pass its \`fetch\``,
    );
  }
  const meter = new RequestMeter(
    "instrumentHandler",
    options,
    // Without options that are no object, which the meter refuses.
    routeFinder(options?.route),
  );

  function instrumented(this: This, ...args: [Q, ...Rest]): unknown {
    const [request, context] = args;
    if (meter.hasExclusions && meter.excludes(request.url, { request })) {
      return Reflect.apply(handler, this, args);
    }
    const exchange = new Exchange(meter, request, context);
    const answer = (returned: unknown) => {
      const response = (returned ?? undefined) as Response | undefined;
      return exchange.answer(response, { request, response }) ?? returned;
    };
    let returned: A;
    try {
      returned = Reflect.apply(handler, this, args);
    } catch (error) {
      exchange.fail({ request, error });
      throw error;
    }
    const promise = isObject(returned) ? promiseOf(returned) : undefined;
    if (promise === undefined) return answer(returned);
    return settle(promise, answer, (error) => {
      exchange.fail({ request, error });
      return new Rejection(error);
    });
  }

  const { length } = handler;
  return Object.defineProperty(
    imitate(instrumented, handler),
    "length",
    // Deno hands nothing to a handler that declares no parameters.
    { value: Math.max(1, length), configurable: true },
  ) as ReturnType<typeof instrumentHandler<This, Q, Rest, A>>;
}

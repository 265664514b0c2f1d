import { describe, thenOf } from "../describe.ts";
import { adopt, imitate, Rejection } from "../wrappers/instrument.ts";
import { Exchange } from "./exchange.ts";
import type { RequestMetricsOptions } from "./options.ts";
import { ACTION } from "./action.ts";
import { RequestMeter } from "./request_meter.ts";

/**
 * A request, and how its handler has answered.
 *
 * @example A label from a response
 * ```ts
 * import { type HandledRequest, instrumentHandler } from "@prometheus-async/prometheus-async";
 * import { Registry } from "prom-client";
 *
 * const registry = new Registry();
 * const cache = ({ response }: HandledRequest) =>
 *   response?.headers.get("x-cache") ?? "none";
 * const handler = instrumentHandler(
 *   (_request: Request) => new Response("hi", { headers: { "x-cache": "hit" } }),
 *   { registry, labels: { cache } },
 * );
 * await (await handler(new Request("http://localhost/"))).text();
 * const text = await registry.metrics();
 * if (!text.includes('cache="hit"')) throw new Error(text);
 * ```
 */
export interface HandledRequest {
  /** The request, as the server handed it to the handler. */
  readonly request: Request;
  /** The response; absent if the handler threw, or has returned none. */
  readonly response?: Response;
  /** What the handler threw. */
  readonly error?: unknown;
}

/**
 * Options for {@linkcode instrumentHandler}.
 *
 * @example Names and routes of your own
 * ```ts
 * import { instrumentHandler, type InstrumentHandlerOptions } from "@prometheus-async/prometheus-async";
 * import { Registry } from "prom-client";
 *
 * const registry = new Registry();
 * const options: InstrumentHandlerOptions = {
 *   registry,
 *   prefix: "shop_",
 *   route: ({ request }) =>
 *     new URL(request.url).pathname === "/cart" ? "/cart" : undefined,
 * };
 * const handler = instrumentHandler(
 *   (_request: Request) => new Response("empty"),
 *   options,
 * );
 * await (await handler(new Request("http://localhost/cart"))).text();
 * const text = await registry.metrics();
 * if (!text.includes('route="/cart"')) throw new Error(text);
 * ```
 */
export interface InstrumentHandlerOptions
  extends RequestMetricsOptions<HandledRequest> {
  /**
   * The route that the handler is for, such as `"/users/:id"`, or a function that
   * finds it when the handler has answered. Never pass a path as clients send it:
   * they can think of any number.
   *
   * @default {undefined} All requests have the route `_OTHER`.
   */
  route?: string | ((call: HandledRequest) => string | undefined);
}

/**
 * What a fetch handler returns; Bun's, when it makes a WebSocket, nothing.
 *
 * @example A handler that may answer nothing
 * ```ts
 * import { type Answer, instrumentHandler } from "@prometheus-async/prometheus-async";
 * import { Registry } from "prom-client";
 *
 * // As Bun's, which answers nothing where it has upgraded to a WebSocket.
 * const handle = (request: Request): Answer =>
 *   request.headers.has("upgrade") ? undefined : new Response("hello");
 * const handler = instrumentHandler(handle, { registry: new Registry() });
 * const response = await handler(new Request("http://localhost/"));
 * if (await response?.text() !== "hello") throw new Error("changed");
 * ```
 */
export type Answer =
  | Response
  | undefined
  | void
  | Promise<Response | undefined | void>;

/**
 * A handler that is measured. Pass it all that the server does, also where the
 * handler itself takes the request alone: that tells when a response has ended.
 *
 * @example Naming the type
 * ```ts
 * import { type InstrumentedHandler, instrumentHandler } from "@prometheus-async/prometheus-async";
 * import { Registry } from "prom-client";
 *
 * const handle = (_request: Request) => new Response("hello");
 * type Handler = InstrumentedHandler<unknown, Request, [], Response>;
 * const registry = new Registry();
 * const handler: Handler = instrumentHandler(handle, { registry });
 * const response = await handler(new Request("http://localhost/"));
 * if (await response.text() !== "hello") throw new Error("changed");
 * ```
 *
 * @typeParam This What the handler is called on.
 * @typeParam Q The request, as the server has it.
 * @typeParam Rest What the handler takes beside it.
 * @typeParam A What the handler returns. A promise of that may come in its place,
 * where the response's body must be read on its way.
 */
export type InstrumentedHandler<
  This,
  Q extends Request,
  // deno-lint-ignore no-explicit-any
  Rest extends any[],
  A extends Answer,
> = (
  this: This,
  request: Q,
  // deno-lint-ignore no-explicit-any
  ...rest: [...Rest, ...any[]]
) => A | Promise<Awaited<A>>;

/**
 * Measures the requests of a fetch handler to the last byte of their responses.
 *
 * Counts each request by method, route and status in `http_requests_total`,
 * observes its duration in `http_request_duration_seconds`, and shows in
 * `http_requests_inprogress` how many are under way. The duration ends when all
 * of the response was handed on, or its client has gone, however long a stream
 * goes on: on Node and Bun to the system, on Deno to its server, which takes what
 * is no stream at once, however slow a client is. What the handler throws is
 * counted with status 500, and thrown on. A WebSocket is counted with 101 when its
 * handshake was answered.
 *
 * The server tells when a response has ended, if it passes to the handler what
 * it passes to any, as a second argument: `Deno.serve`, `Bun.serve` and
 * `@hono/node-server` do. For any other server, and for Bun's on a unix socket,
 * the response's body is read on its way, which costs more; what is no stream has
 * ended, then, when the handler has answered.
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
 * @example Routes of an application's own
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
 * @typeParam Q The request, as the server has it.
 * @typeParam Rest What the server passes beside it.
 * @typeParam A What the handler returns.
 * @param handler The handler.
 * @param options The route, the registry, and what else is measured.
 * @returns The handler to pass to the server in its place.
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
  A extends Answer,
>(
  handler: (this: This, request: Q, ...rest: Rest) => A,
  options: InstrumentHandlerOptions = {},
): InstrumentedHandler<This, Q, Rest, A> {
  if (typeof handler !== "function") {
    throw new TypeError(
      `Cannot ${ACTION}: a fetch handler is required, received ` +
        `${describe(handler)}; of an application pass its \`fetch\``,
    );
  }
  const meter = new RequestMeter(
    "instrumentHandler",
    options,
    // Options that are none are refused there.
    routeOf(options?.route),
  );

  function instrumented(this: This, ...args: [Q, ...Rest]): unknown {
    const [request, context] = args;
    const exchange = new Exchange(meter, request, context);
    const answer = (returned: unknown) => {
      const response = (returned ?? undefined) as Response | undefined;
      return exchange.answer(response, { request, response });
    };
    const fail = (error: unknown) => exchange.fail({ request, error });
    let returned: A;
    try {
      returned = Reflect.apply(handler, this, args);
    } catch (error) {
      fail(error);
      throw error;
    }
    const then = thenOf(returned);
    if (then === undefined) return answer(returned) ?? returned;
    return adopt(returned, then).then(
      (response) => answer(response) ?? response,
      (error) => {
        fail(error);
        return new Rejection(error);
      },
    );
  }

  const { length } = handler;
  return Object.defineProperty(
    imitate(instrumented, handler),
    "length",
    // Deno hands nothing to a handler that declares no parameters.
    { value: Math.max(1, length), configurable: true },
  ) as InstrumentedHandler<This, Q, Rest, A>;
}

/** Makes a function of a route that is fixed. */
function routeOf(
  route: InstrumentHandlerOptions["route"],
): (call: HandledRequest) => string | undefined {
  if (typeof route === "function") return route;
  if (route !== undefined && typeof route !== "string") {
    throw new TypeError(
      `Cannot ${ACTION}: route must be a string or a function, received ` +
        describe(route),
    );
  }
  return () => route;
}

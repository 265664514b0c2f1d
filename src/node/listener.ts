import { describe } from "../base/describe.ts";
import { RequestMeter } from "../http/request_meter.ts";
import { ACTION } from "../http/request_metrics.ts";
import {
  type RequestMetricsOptions,
  routeFinder,
} from "../http/request_options.ts";
import { imitate } from "../wrappers/instrument.ts";
import {
  isObject,
  promiseOf,
  Rejection,
  settle,
} from "../wrappers/promises.ts";
import { measure } from "./measure.ts";
import type { NodeCall, NodeRequest, NodeResponse } from "./types.ts";

/**
 * Options for {@linkcode instrumentListener}.
 *
 * @typeParam Q The class of the requests.
 * @typeParam R The class of the responses.
 */
export interface InstrumentListenerOptions<Q = NodeRequest, R = NodeResponse>
  extends RequestMetricsOptions<NodeCall<Q, R>> {
  /**
   * The route that the listener is for, such as `"/users/:id"`, or a function that
   * finds it once the response has ended. Never pass the URL of a request:
   * clients can send any number of URLs, and each would be a series.
   *
   * @default {undefined} All requests have the route `_OTHER`.
   */
  route?: string | ((call: NodeCall<Q, R>) => string | undefined);
}

/**
 * Measures the requests of a listener of `node:http`, `node:https` or `node:http2`
 * to the last byte of their responses.
 *
 * The metrics are those of {@linkcode instrumentHandler}. A request ends when its
 * response was handed to the system, or its client has gone. If the client has gone
 * before the headers were sent, its status is 499; if the listener threw, 500.
 * Requests for which the server emits `"upgrade"` do not reach the listener.
 *
 * @example A server
 * ```ts
 * import {
 *   instrumentListener,
 *   metricsListener,
 * } from "@prometheus-async/prometheus-async/node";
 * import { createServer } from "node:http";
 *
 * const metrics = metricsListener();
 * const hello = instrumentListener(
 *   (_request, response) => response.end("hello"),
 *   { route: "/" },
 * );
 *
 * const server = createServer((request, response) =>
 *   request.url === "/metrics"
 *     ? metrics(request, response)
 *     : hello(request, response)
 * );
 *
 * await new Promise<void>((resolve) => server.listen(0, resolve));
 * const { port } = server.address() as { port: number };
 * const response = await fetch(`http://localhost:${port}/`);
 * if (await response.text() !== "hello") throw new Error("changed");
 * await new Promise((resolve) => server.close(resolve));
 * ```
 *
 * @typeParam This The object that the listener is called on: the server.
 * @typeParam Q The class of the requests.
 * @typeParam R The class of the responses.
 * @typeParam A The value that the listener returns.
 * @param listener The listener.
 * @param options The route, the registry, and what else is measured.
 * @returns The listener to pass to the server instead.
 * @throws {TypeError} If an option is of the wrong type, if the registry has
 * other metrics of the same names, or if listeners that share their metrics want
 * different ones.
 * @throws {RangeError} If an option is out of its range.
 */
export function instrumentListener<
  This,
  // deno-lint-ignore no-explicit-any
  Q extends NodeRequest = any,
  // deno-lint-ignore no-explicit-any
  R extends NodeResponse = any,
  A = unknown,
>(
  listener: (this: This, request: Q, response: R) => A,
  options: InstrumentListenerOptions<Q, R> = {},
): (this: This, request: Q, response: R) => A {
  if (typeof listener !== "function") {
    throw new TypeError(
      `Cannot ${ACTION}: a listener is required, received ` +
        describe(listener),
    );
  }
  const meter = new RequestMeter(
    "instrumentListener",
    options,
    routeFinder(options?.route),
  );

  function instrumented(this: This, ...args: [Q, R]): unknown {
    const [request, response] = args;
    const measured = measure(meter, request, response, { request, response });
    let returned: unknown;
    try {
      returned = Reflect.apply(listener, this, args);
    } catch (error) {
      if (measured) measured.hasFailed = true;
      throw error;
    }
    const promise = isObject(returned) ? promiseOf(returned) : undefined;
    if (promise === undefined) return returned;
    return settle(promise, undefined, (error) => {
      if (measured) measured.hasFailed = true;
      return new Rejection(error);
    });
  }

  return imitate(instrumented, listener) as (
    this: This,
    request: Q,
    response: R,
  ) => A;
}

import { describe } from "../describe.ts";
import type { Registry } from "../types.ts";
import { compress } from "./compress.ts";
import { defaultRegistry } from "./default_registry.ts";
import { gather } from "./gather.ts";
import { encodeText, TEXT_CONTENT_TYPE } from "./text.ts";

/** The part of a web-standard `Request` that is needed to serve metrics. */
export type MetricsRequest = Pick<Request, "method" | "url" | "headers">;

/** Serves the metrics of one registry; fits wherever a fetch handler does. */
export type MetricsHandler = (request: MetricsRequest) => Promise<Response>;

/** Options for {@linkcode metricsHandler}. */
export interface MetricsHandlerOptions {
  /**
   * The registry whose metrics are served.
   *
   * @default {undefined} The global registry of `prom-client`, which is loaded
   * with the first request.
   */
  registry?: Registry;
}

/**
 * Makes a fetch handler that serves a registry's metrics to Prometheus.
 *
 * The answer is in the Prometheus text format 0.0.4, gzipped when the request
 * accepts that and the body is worth it. `GET` and `HEAD` are answered, other
 * methods get 405. When a collector fails the answer is 500 and names the
 * reason, so that the target is down rather than silently incomplete. The
 * registry is never changed, and the client's own rendering is not used.
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
 * @param options Which registry is served.
 * @returns The handler. Its promise rejects with a `TypeError` when it is given
 * something without `url` and `headers`, such as a framework's context.
 * @throws {TypeError} If `registry` is not one.
 */
export function metricsHandler(
  options: MetricsHandlerOptions = {},
): MetricsHandler {
  const { registry } = options;
  if (registry !== undefined) requireRegistry(registry);
  return async function handleMetrics(request) {
    requireRequest(request);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("Method Not Allowed\n", {
        status: 405,
        headers: { allow: "GET, HEAD" },
      });
    }
    let text: string;
    try {
      text = encodeText(await gather(registry ?? await defaultRegistry()));
    } catch (error) {
      const reason = error instanceof Error ? error.message : describe(error);
      return new Response(`Cannot gather metrics: ${reason}\n`, {
        status: 500,
      });
    }
    const { body, encoding } = await compress(
      request,
      new TextEncoder().encode(text),
    );
    const headers = new Headers({
      "content-type": TEXT_CONTENT_TYPE,
      "content-length": String(body.byteLength),
      "vary": "Accept, Accept-Encoding",
    });
    if (encoding !== undefined) headers.set("content-encoding", encoding);
    return new Response(request.method === "HEAD" ? null : body, { headers });
  };
}

/**
 * Serves the metrics of `prom-client`'s global registry; mount it where your
 * framework takes a fetch handler.
 *
 * It answers as a handler of {@linkcode metricsHandler} does.
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

function requireRequest(request: MetricsRequest): void {
  if (
    typeof request?.url === "string" &&
    typeof request.headers?.get === "function"
  ) return;
  throw new TypeError(
    "Cannot serve metrics: a Request with url and headers is required, " +
      `received ${describe(request)}; from a framework's context pass its ` +
      "request, in Hono `(c) => serverStats(c.req.raw)`",
  );
}

function requireRegistry(registry: unknown): void {
  const list = (registry as Partial<Registry> | null)?.getMetricsAsArray;
  if (typeof list === "function") return;
  throw new TypeError(
    "Cannot serve metrics: registry must have the method " +
      `getMetricsAsArray(), received ${describe(registry)}`,
  );
}

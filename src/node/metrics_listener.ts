import type { MetricsHandlerOptions } from "../exposition/handler_options.ts";
import { makeScrapeHandler } from "../exposition/metrics_handler.ts";
import { requestListener } from "../runtime/node_requests.ts";
import type {
  FastifyReply,
  FastifyRequest,
  KoaContext,
  NodeRequest,
  NodeResponse,
} from "./types.ts";

/**
 * Makes a listener that serves metrics, for `node:http` and `node:http2` and for a
 * route of Express, Fastify or Koa.
 *
 * It answers as a handler of {@linkcode metricsHandler} does, for the given
 * registry or those of all clients that the application has loaded.
 *
 * @example A server of its own
 * ```ts
 * import { metricsListener } from "@prometheus-async/prometheus-async/node";
 * import { createServer } from "node:http";
 *
 * const server = createServer(metricsListener());
 *
 * await new Promise<void>((resolve) => server.listen(0, resolve));
 * const { port } = server.address() as { port: number };
 * const response = await fetch(`http://localhost:${port}/metrics`);
 * if (response.status !== 200) throw new Error(await response.text());
 * await response.text();
 * await new Promise((resolve) => server.close(resolve));
 * ```
 *
 * @param options What is served, and within which bounds.
 * @returns The listener: `app.get("/metrics", metricsListener())` in Express and
 * Fastify, `router.get("/metrics", metricsListener())` in Koa.
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If a number among the options is out of its range.
 */
export function metricsListener(options: MetricsHandlerOptions = {}): (
  request: NodeRequest | FastifyRequest | KoaContext,
  // Koa passes a function, the others a response.
  // deno-lint-ignore no-explicit-any
  response: NodeResponse | FastifyReply | ((...args: any[]) => unknown),
) => Promise<void> {
  const { handler, unsent } = makeScrapeHandler(options);
  const listen = requestListener(
    async (request) => (await handler.answer(request)).answer,
    unsent,
  ) as (request: NodeRequest, response: NodeResponse) => unknown;
  return async (request, response) => {
    if ("raw" in request) {
      const reply = response as FastifyReply;
      reply.hijack();
      await listen(request.raw, reply.raw);
    } else if ("req" in request) {
      request.respond = false;
      await listen(request.req, request.res);
    } else await listen(request, response as NodeResponse);
  };
}

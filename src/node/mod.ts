/**
 * Request metrics, and a route that serves metrics, without fetch handlers: for
 * `node:http`, `node:http2`, Express, Fastify, Koa, and NestJS on Express or Fastify.
 *
 * No framework is imported: the application's own fits. Deno and Bun run it as well.
 *
 * @example Measuring a listener
 * ```ts
 * import { instrumentListener } from "@prometheus-async/prometheus-async/node";
 * import { createServer } from "node:http";
 *
 * const server = createServer(
 *   instrumentListener((_request, response) => response.end("hello"), {
 *     route: "/",
 *   }),
 * );
 *
 * await new Promise<void>((resolve) => server.listen(0, resolve));
 * const { port } = server.address() as { port: number };
 * const response = await fetch(`http://localhost:${port}/`);
 * if (await response.text() !== "hello") throw new Error("changed");
 * await new Promise((resolve) => server.close(resolve));
 * ```
 *
 * @module
 */

export { fastify } from "./fastify.ts";
export { koa } from "./koa.ts";
export {
  instrumentListener,
  type InstrumentListenerOptions,
} from "./listener.ts";
export { metricsListener } from "./metrics_listener.ts";
export { middleware } from "./middleware.ts";
export type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  KoaContext,
  NodeCall,
  NodeRequest,
  NodeResponse,
} from "./types.ts";
export type * from "../http/public_names.ts";
export type * from "../exposition/public_names.ts";

/**
 * A metrics server on a thread of its own: it answers while the main thread is
 * blocked, with the values of that moment, on Deno, Bun and Node.
 *
 * @example Serving the metrics of a program that blocks its thread
 * ```ts
 * import { startHttpServerInThread } from "@prometheus-async/prometheus-async/thread";
 *
 * const server = await startHttpServerInThread({ addr: "127.0.0.1" });
 * const response = await fetch(server.healthUrl);
 * await server.close();
 * if (response.status !== 200) throw new Error("not healthy");
 * ```
 *
 * @module
 */

export type { ThreadDiscovery } from "./discovery.ts";
export type {
  StartThreadedHttpServerOptions,
  StartThreadedUnixServerOptions,
  ThreadedServerOptions,
} from "./options.ts";
export {
  startHttpServerInThread,
  startHttpServerInThreadSync,
  type ThreadedMetricsHttpServer,
  type ThreadedMetricsServer,
  type ThreadedMetricsUnixServer,
  type ThreadedServerControls,
} from "./start.ts";
export { ThreadError, type ThreadErrorOptions } from "../errors.ts";
export * from "../server/shared.ts";

/**
 * A metrics server on a thread of its own, on Deno, Bun and Node: it answers while
 * the main thread is blocked, with the values of that moment.
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

export {
  startHttpServerInThread,
  startHttpServerInThreadSync,
  type ThreadedMetricsHttpServer,
  type ThreadedMetricsUnixServer,
} from "./main/start_in_thread.ts";
export type {
  StartThreadedHttpServerOptions,
  StartThreadedUnixServerOptions,
} from "./main/thread_options.ts";
export { ThreadError } from "../errors.ts";
export * from "../server/public_names.ts";

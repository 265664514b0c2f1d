/**
 * A metrics server, on Deno, Bun and Node.
 *
 * @example Starting and closing it
 * ```ts
 * import { startHttpServer } from "@prometheus-async/prometheus-async/server";
 *
 * const server = await startHttpServer({ addr: "127.0.0.1" });
 * const response = await fetch(server.healthUrl);
 * await server.close();
 * if (response.status !== 200) throw new Error("not healthy");
 * ```
 *
 * @module
 */

export type { MetricsHttpServer, MetricsUnixServer } from "./metrics_server.ts";
export * from "./public_names.ts";
export { startHttpServer } from "./start.ts";

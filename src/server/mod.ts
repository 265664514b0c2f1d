/**
 * A metrics server of its own, on Deno, Bun and Node.
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

export type { AuthOptions } from "./auth.ts";
export type {
  MetricsServerOptions,
  StartHttpServerOptions,
  StartUnixServerOptions,
} from "./options.ts";
export type {
  HttpServerInfo,
  MetricsHttpServer,
  MetricsServer,
  MetricsUnixServer,
  Referenced,
  ServerControls,
  UnixServerInfo,
} from "./handle.ts";
export { startHttpServer } from "./start.ts";
export type { TlsFileOptions, TlsOptions, TlsPemOptions } from "./tls.ts";
export {
  CollectorError,
  type CollectorErrorOptions,
  type CollectorFailure,
  ListenError,
  type ListenErrorOptions,
  TlsError,
  UnsupportedOptionError,
  type UnsupportedOptionErrorOptions,
} from "../errors.ts";
export type { MetricsHandlerOptions } from "../exposition/options.ts";
export type { RegistrySource } from "../exposition/registries.ts";
export type {
  CollectedExemplar,
  CollectedMetric,
  CollectedValue,
  DiscoveryContext,
  MetricsServerInfo,
  RegisteredMetric,
  Registry,
  ServerSocket,
  ServiceDiscovery,
} from "../types.ts";

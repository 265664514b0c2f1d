/**
 * The public names that options, handles and errors of a metrics server have,
 * whichever thread it is on.
 *
 * @module
 */

export type { AuthOptions } from "./auth.ts";
export type {
  HttpServerInfo,
  ServerControls,
  UnixServerInfo,
} from "./handle.ts";
export type {
  MetricsServerOptions,
  StartHttpServerOptions,
  StartUnixServerOptions,
} from "./options.ts";
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
export type { RegistrySource } from "../gather/registries.ts";
export type * from "../discovery_types.ts";
export type * from "../registry_types.ts";

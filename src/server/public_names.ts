/** The public names of options and errors of a metrics server, on any thread. */

export type { AuthOptions } from "./auth_options.ts";
export type { CloseOptions } from "./metrics_server.ts";
export type {
  StartHttpServerOptions,
  StartUnixServerOptions,
} from "./server_options.ts";
export type { TlsOptions } from "./tls.ts";
export {
  CollectorError,
  ListenError,
  TlsError,
  UnsupportedOptionError,
} from "../errors.ts";
export type * from "../exposition/public_names.ts";
export type * from "../discovery_types.ts";

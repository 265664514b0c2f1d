/** The public names of handlers' options, for every entry point that takes them. */

export type { MetricsHandlerOptions } from "./handler_options.ts";
export type { RegistrySource } from "../gather/registries.ts";
export type * from "../registry_types.ts";

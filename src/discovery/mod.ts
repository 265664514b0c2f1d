/**
 * Service discovery: telling others, such as Prometheus, where a metrics server
 * is.
 *
 * @example Making an agent
 * ```ts
 * import { ConsulAgent } from "@prometheus-async/prometheus-async/discovery";
 *
 * const agent = new ConsulAgent({
 *   name: "shop",
 *   serviceId: "shop-1",
 *   address: "http://127.0.0.1:8500",
 *   token: "",
 * });
 * if (typeof agent.register !== "function") throw new Error("no discovery");
 * ```
 *
 * @module
 */

export { ConsulAgent } from "./consul_agent.ts";
export type {
  ConsulAdvertiseOptions,
  ConsulAgentOptions,
  ConsulCheckOptions,
} from "./consul_options.ts";
export type { ConsulTlsOptions } from "./consul_tls.ts";
export { ConsulError, type ConsulErrorOptions, TlsError } from "../errors.ts";
export type * from "../discovery_types.ts";

/**
 * Service discovery, which tells Prometheus where a metrics server is.
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
  ConsulTlsOptions,
} from "./consul_options.ts";
export { ConsulError, TlsError } from "../errors.ts";
export type * from "../discovery_types.ts";

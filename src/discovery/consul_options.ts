import type { ConsulTlsOptions } from "./consul_tls.ts";

/**
 * How a Consul agent finds out whether a metrics server is well.
 *
 * @example Heartbeats, and an end for what was killed
 * ```ts
 * import { ConsulAgent, type ConsulCheckOptions } from "@prometheus-async/prometheus-async";
 *
 * const check: ConsulCheckOptions = {
 *   type: "ttl",
 *   interval: "5s",
 *   timeout: "15s",
 *   deregisterCriticalServiceAfter: "90s",
 * };
 * const agent = new ConsulAgent({ address: "127.0.0.1:8500", token: "", check });
 * if (typeof agent.register !== "function") throw new Error("never");
 * ```
 */
export interface ConsulCheckOptions {
  /**
   * Who tells: with `"http"` the agent asks `/-/healthy`, with `"ttl"` the server
   * sends heartbeats.
   *
   * @default {"http"} `"ttl"` if the server is on a unix socket, or asks clients
   * for a certificate, which the agent has not got.
   */
  type?: "http" | "ttl";
  /**
   * The time between two questions of the agent, or two heartbeats; also between
   * two looks at whether the agent still knows the service. As Consul writes
   * durations, a second at least.
   *
   * @default {"10s"}
   */
  interval?: string;
  /**
   * How long the agent waits for an answer, or for a heartbeat that is due, before
   * it calls the service critical. As Consul writes durations.
   *
   * @default {"10s"}
   */
  timeout?: string;
  /**
   * After which time in critical state the agent forgets the service; Consul takes
   * a minute at least. As Consul writes durations.
   *
   * @default {undefined} Never.
   */
  deregisterCriticalServiceAfter?: string;
  /**
   * Whether the agent takes any certificate of a server with TLS when it asks
   * `/-/healthy`.
   *
   * @default {false} Those that the agent's system trusts.
   */
  tlsSkipVerify?: boolean;
}

/**
 * Where others reach a metrics server, if not where it listens.
 *
 * @example Behind a port that is mapped
 * ```ts
 * import { ConsulAgent, type ConsulAdvertiseOptions } from "@prometheus-async/prometheus-async";
 *
 * const advertise: ConsulAdvertiseOptions = { address: "10.0.0.7", port: 19000 };
 * const agent = new ConsulAgent({
 *   address: "127.0.0.1:8500",
 *   token: "",
 *   advertise,
 * });
 * if (typeof agent.register !== "function") throw new Error("never");
 * ```
 */
export interface ConsulAdvertiseOptions {
  /**
   * An IP address or a host name, which the agent and Prometheus can reach.
   *
   * @default {undefined} The address that is listened on. If that is all
   * interfaces: the address that the agent has announced for its own machine, if
   * it is this one; else the one from which this machine reaches the agent.
   */
  address?: string;
  /**
   * The port.
   *
   * @default {undefined} The one that is listened on.
   */
  port?: number;
}

/**
 * Options for {@linkcode ConsulAgent}.
 *
 * @example A token that changes
 * ```ts
 * import { ConsulAgent, type ConsulAgentOptions } from "@prometheus-async/prometheus-async";
 *
 * const options: ConsulAgentOptions = {
 *   name: "shop",
 *   serviceId: "shop-1",
 *   address: "https://consul.example:8501",
 *   token: async () => await Promise.resolve("from a vault"),
 *   required: false,
 * };
 * const agent = new ConsulAgent(options);
 * if (typeof agent.register !== "function") throw new Error("never");
 * ```
 */
export interface ConsulAgentOptions {
  /**
   * The name of the service, which all of its instances share.
   *
   * @default {"app-metrics"}
   */
  name?: string;
  /**
   * What tells this instance from others on the same agent. Whoever registers
   * last under an id has it. Between slashes it must have more than dots.
   *
   * @default {undefined} The `name`: fine for one instance an agent.
   */
  serviceId?: string;
  /**
   * The service's tags.
   *
   * @default {[]}
   */
  tags?: readonly string[];
  /**
   * The service's metadata.
   *
   * @default {undefined} None.
   */
  meta?: Readonly<Record<string, string>>;
  /**
   * The agent's URL, `http:`, `https:` or `unix:` with the path of a socket; a
   * host and a port alone are `http:`.
   *
   * @default {undefined} The environment's `CONSUL_HTTP_ADDR`, and
   * `http://127.0.0.1:8500` without it.
   */
  address?: string;
  /**
   * The ACL token, which must be allowed `service:write` on the name; or a
   * function that yields it, called before every request, so that it may change.
   * An empty one is none.
   *
   * @default {undefined} The environment's `CONSUL_HTTP_TOKEN`.
   */
  token?: string | (() => string | Promise<string>);
  /**
   * Whether the service is deregistered when the server closes.
   *
   * @default {true}
   */
  deregister?: boolean;
  /**
   * The namespace, of Consul Enterprise; other agents refuse it.
   *
   * @default {undefined} That of the token.
   */
  namespace?: string;
  /**
   * The admin partition, of Consul Enterprise; other agents refuse it.
   *
   * @default {undefined} That of the agent.
   */
  partition?: string;
  /**
   * The datacenter that the agent must belong to, since a service is always
   * registered in that of its agent. The token must be allowed `agent:read`.
   *
   * @default {undefined} Any.
   */
  datacenter?: string;
  /** How the agent finds out whether the server is well. */
  check?: ConsulCheckOptions;
  /** Where others reach the server, if not where it listens. */
  advertise?: ConsulAdvertiseOptions;
  /**
   * What requests are sent with, instead of the global `fetch`. If it alone knows
   * a way to the agent, a server on all interfaces needs `advertise.address`.
   *
   * @default {undefined}
   */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /**
   * How TLS is spoken with an agent whose address is `https:`.
   *
   * @default {undefined} As the runtime does, without a certificate.
   */
  tls?: ConsulTlsOptions;
  /**
   * How long it may take to register, with the repetitions that failed requests
   * have; how long to deregister; how long each look and heartbeat. In
   * milliseconds.
   *
   * @default {5000}
   */
  timeout?: number;
  /**
   * Whether the start fails if the agent does not answer, or not now (with 429 or
   * a status from 500 on). Otherwise the server starts, and is registered as soon as the
   * agent is there; `isRegistered` tells. What the agent refuses, such as a
   * token, is an error in any case.
   *
   * @default {true}
   */
  required?: boolean;
}

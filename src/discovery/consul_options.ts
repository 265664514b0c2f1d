/** How a Consul agent finds out whether a metrics server is well. */
export interface ConsulCheckOptions {
  /**
   * The kind of check: with `"http"` the agent asks `/-/healthy`, with `"ttl"` the
   * server sends heartbeats.
   *
   * @default {"http"} `"ttl"` if the server is on a unix socket, or asks clients
   * for a certificate, which the agent does not have.
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
   * the service is critical. As Consul writes durations.
   *
   * @default {"10s"}
   */
  timeout?: string;
  /**
   * The time in critical state after which the agent forgets the service; Consul
   * takes a minute at least. As Consul writes durations.
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

/** Where others reach a metrics server, if not where it listens. */
export interface ConsulAdvertiseOptions {
  /**
   * An IP address or a host name, which the agent and Prometheus can reach.
   *
   * @default {undefined} The address that is listened on. If that is all
   * interfaces: the address that the agent announces for its machine, if it is
   * this one; else the address from which this machine reaches the agent.
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
 * How TLS is spoken with a Consul agent: each credential as a text or as a file, in
 * PEM format. Files are loaded before every request, so that they may be renewed.
 */
export interface ConsulTlsOptions {
  /**
   * The root certificates of those who may have issued the agent's.
   *
   * @default {undefined} Those that the system trusts; on Deno these are trusted
   * in any case.
   */
  ca?: string;
  /** The file of `ca`. */
  caFile?: string;
  /**
   * The certificate to show to the agent, with those between it and its root, in
   * any order.
   *
   * @default {undefined} None.
   */
  cert?: string;
  /** The file of `cert`. */
  certFile?: string;
  /** The private key of that certificate, without a passphrase. */
  key?: string;
  /** The file of `key`. */
  keyFile?: string;
}

/** Options for {@linkcode ConsulAgent}. */
export interface ConsulAgentOptions {
  /**
   * The name of the service, which all of its instances share.
   *
   * @default {"app-metrics"}
   */
  name?: string;
  /**
   * The id of this instance on its agent. The last one to register under an id has
   * it. Between slashes it must have more than dots.
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
   * The function that sends requests, instead of the global `fetch`. If it alone
   * knows a way to the agent, a server on all interfaces needs `advertise.address`.
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
   * How long registering may take, with the repetitions of failed requests; how
   * long deregistering; how long each look and heartbeat. In milliseconds.
   *
   * @default {5000}
   */
  timeout?: number;
  /**
   * Whether the start fails if no agent answers: nothing or another server does,
   * or the agent is not ready (429, or a status from 500 on). Otherwise the server
   * starts, and is registered as soon as the agent is there; `isRegistered` tells.
   * A refusal (400 or 403), as of a token, is an error in any case.
   *
   * @default {true}
   */
  required?: boolean;
}

/** A metrics server, as service discovery tells others of it. */

/** The facts about a metrics server that listens. */
export interface MetricsServerInfo {
  /**
   * Where it listens, as the system bound it: an address (`addr`) and a `port`, or
   * the `path` of a unix socket.
   */
  readonly socket:
    | { readonly addr: string; readonly port: number }
    | { readonly path: string };
  /** Whether it speaks TLS. */
  readonly https: boolean;
  /** Whether it asks clients, health checks included, for a certificate. */
  readonly mutualTls: boolean;
  /** The root, with its slash; `null` on a unix socket. */
  readonly url: string | null;
  /** Where Prometheus scrapes; `null` on a unix socket. */
  readonly metricsUrl: string | null;
  /**
   * Where health checks ask, without authentication; `null` on a unix socket.
   */
  readonly healthUrl: string | null;
}

/** Takes from a registration what becomes of it. */
export interface DiscoveryContext {
  /**
   * Takes an error that no call can throw, as of a heartbeat that fails: it goes to
   * the server's `onError`, and is counted in
   * `prometheus_async_discovery_failures_total`.
   *
   * @param error What went wrong.
   */
  onError(error: unknown): void;
  /**
   * Takes whether the server is registered, for `isRegistered` and
   * `prometheus_async_discovery_registered`. If it is never called, they say yes
   * from when `register()` yields a function until that function has succeeded.
   *
   * @param isRegistered Whether it is registered now.
   */
  onChange(isRegistered: boolean): void;
}

/**
 * Tells others, for example Prometheus, where a metrics server is.
 *
 * @example Registering by a function of your own
 * ```ts
 * import { type ServiceDiscovery, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const targets = new Set<string | null>();
 * const serviceDiscovery: ServiceDiscovery = {
 *   async register({ metricsUrl }) {
 *     targets.add(metricsUrl);
 *     return async () => void targets.delete(metricsUrl);
 *   },
 * };
 * const server = await startHttpServer({ addr: "127.0.0.1", serviceDiscovery });
 * if (!targets.has(server.metricsUrl)) throw new Error("not registered");
 * await server.close();
 * if (targets.size > 0) throw new Error("not deregistered");
 * ```
 */
export interface ServiceDiscovery {
  /**
   * Registers a server that listens.
   *
   * @param server The facts about it.
   * @param context Takes what happens afterwards.
   * @returns A function that deregisters the server when it closes; `null` if
   * nothing was registered. If it rejects, the server does not start.
   */
  register(
    server: MetricsServerInfo,
    context: DiscoveryContext,
  ): Promise<(() => Promise<void>) | null>;
}

/**
 * A metrics server, as service discovery tells others of it.
 *
 * @module
 */

/**
 * Where a server listens, as the system bound it.
 *
 * @example Saying where a server listens
 * ```ts
 * import { type ServerSocket, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const spell = (socket: ServerSocket) =>
 *   "path" in socket ? socket.path : `${socket.addr}, port ${socket.port}`;
 * const server = await startHttpServer({ addr: "127.0.0.1" });
 * const place = spell(server.socket);
 * await server.close();
 * if (!place.startsWith("127.0.0.1, port ")) throw new Error(place);
 * ```
 */
export type ServerSocket =
  | {
    /** The address. */
    readonly addr: string;
    /** The port. */
    readonly port: number;
  }
  | {
    /** The file of a unix socket. */
    readonly path: string;
  };

/**
 * The facts about a metrics server, for itself and for others.
 *
 * @example What service discovery is told
 * ```ts
 * import { type MetricsServerInfo, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const told: MetricsServerInfo[] = [];
 * const server = await startHttpServer({
 *   addr: "127.0.0.1",
 *   serviceDiscovery: {
 *     register(info) {
 *       told.push(info);
 *       return Promise.resolve(null);
 *     },
 *   },
 * });
 * await server.close();
 * if (told[0].metricsUrl !== server.metricsUrl) throw new Error("elsewhere");
 * ```
 */
export interface MetricsServerInfo {
  /** Where it listens: an address and a port, or the file of a unix socket. */
  readonly socket: ServerSocket;
  /** Whether it speaks TLS. */
  readonly https: boolean;
  /** Whether it asks clients for a certificate (mutual TLS), health checks too. */
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

/**
 * The way in which a registration tells its metrics server what becomes of it.
 *
 * @example Telling that a registration was lost
 * ```ts
 * import { type DiscoveryContext, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * let context: DiscoveryContext | undefined;
 * const server = await startHttpServer({
 *   addr: "127.0.0.1",
 *   serviceDiscovery: {
 *     register(_server, given) {
 *       context = given;
 *       return Promise.resolve(() => Promise.resolve());
 *     },
 *   },
 * });
 * const before = server.isRegistered;
 * context?.onChange(false);
 * const after = server.isRegistered;
 * await server.close();
 * if (!before || after) throw new Error("not told");
 * ```
 */
export interface DiscoveryContext {
  /**
   * Takes what goes wrong while nobody waits for it, such as a heartbeat that
   * fails: it goes to the server's `onError`, and is counted in
   * `prometheus_async_discovery_failures_total`.
   *
   * @param error What went wrong.
   */
  onError(error: unknown): void;
  /**
   * Takes whether the server is registered, as often as it is said: `isRegistered`
   * and `prometheus_async_discovery_registered` show it. Without a call they show
   * that it is, from when `register()` yields a function until that has settled
   * well.
   *
   * @param isRegistered Whether it is registered now.
   */
  onChange(isRegistered: boolean): void;
}

/**
 * Tells others, such as Prometheus, where a metrics server is.
 *
 * @example Registering by a function of your own
 * ```ts
 * import { type ServiceDiscovery, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const targets = new Set<string | null>();
 * const serviceDiscovery: ServiceDiscovery = {
 *   register({ metricsUrl }) {
 *     targets.add(metricsUrl);
 *     return Promise.resolve(() => {
 *       targets.delete(metricsUrl);
 *       return Promise.resolve();
 *     });
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
   * @param server What there is to know of it.
   * @param context Takes what happens after that.
   * @returns What deregisters it when the server closes; `null` if there is
   * nothing to deregister, since nothing was registered. It rejects if the
   * server cannot be registered: then it does not start.
   */
  register(
    server: MetricsServerInfo,
    context: DiscoveryContext,
  ): Promise<(() => Promise<void>) | null>;
}

import type { MetricsServerInfo } from "../types.ts";

/**
 * What can be done with a running metrics server.
 *
 * @example Closing in a hurry
 * ```ts
 * import { type ServerControls, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const server: ServerControls = await startHttpServer({ addr: "127.0.0.1" });
 * const closed = server.close();
 * // Somebody has pressed Ctrl+C twice.
 * await server.close(0);
 * await closed;
 * ```
 */
export interface ServerControls extends AsyncDisposable {
  /**
   * Whether service discovery knows the server, as far as it has said. It stays
   * `true` after a deregistration that failed.
   */
  readonly isRegistered: boolean;
  /**
   * Closes the server: deregisters it, takes no more connections, waits for the
   * scrapes in flight, and cuts off those that are not done in time.
   *
   * It may be called again, for example with 0 when somebody is in a hurry: the
   * promise is the same, and the shortest time counts.
   *
   * @param grace How long to wait, in milliseconds. Default: 10 000.
   * @returns Settles when the server is closed; what goes wrong on the way goes to
   * `onError`. It rejects with a `TypeError` or a `RangeError` if `grace` is no
   * number from 0 to 2 ** 31 - 1.
   */
  close(grace?: number): Promise<void>;
}

/**
 * Where a metrics server on an address is.
 *
 * @example Asking whether a server is well
 * ```ts
 * import { type HttpServerInfo, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const isWell = async ({ healthUrl }: HttpServerInfo) =>
 *   (await fetch(healthUrl)).ok;
 * const server = await startHttpServer({ addr: "127.0.0.1" });
 * const wasWell = await isWell(server);
 * await server.close();
 * if (!wasWell) throw new Error("it is not well");
 * ```
 */
export interface HttpServerInfo extends MetricsServerInfo {
  /** The address and port that are listened on, as the system bound them. */
  readonly socket: { readonly addr: string; readonly port: number };
  /**
   * The root, with its slash; a server on all interfaces names loopback. Of a
   * link-local IPv6 address the zone is missing: URLs cannot name it.
   */
  readonly url: string;
  /** Where Prometheus scrapes. */
  readonly metricsUrl: string;
  /**
   * Where health checks ask, without authentication; it answers 200 and nothing
   * else.
   */
  readonly healthUrl: string;
}

/**
 * Where a metrics server on a unix socket is. URLs cannot name it.
 *
 * @example Where the socket is
 * ```ts
 * import type { UnixServerInfo } from "@prometheus-async/prometheus-async";
 *
 * const spell = ({ socket }: UnixServerInfo) => `unix:${socket.path}`;
 * const info: UnixServerInfo = {
 *   socket: { path: "/run/app/metrics.sock" },
 *   https: false,
 *   mutualTls: false,
 *   url: null,
 *   metricsUrl: null,
 *   healthUrl: null,
 * };
 * if (spell(info) !== "unix:/run/app/metrics.sock") throw new Error("changed");
 * ```
 */
export interface UnixServerInfo extends MetricsServerInfo {
  /** The file of the socket. */
  readonly socket: { readonly path: string };
  /** There is none. */
  readonly url: null;
  /** There is none. */
  readonly metricsUrl: null;
  /** There is none. */
  readonly healthUrl: null;
}

/**
 * What lets a process end, or not.
 *
 * @example A process that ends although its metrics are served
 * ```ts
 * import { type Referenced, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const server = await startHttpServer({ addr: "127.0.0.1" });
 * const background: Referenced = server;
 * background.unref();
 * await server.close();
 * ```
 */
export interface Referenced {
  /** Keeps the process alive while the server listens, as it does at first. */
  ref(): void;
  /** Lets the process end although the server listens. */
  unref(): void;
}

/**
 * A running metrics server on an address; {@linkcode startHttpServer} makes it.
 *
 * @example A server that is closed with what it belongs to
 * ```ts
 * import { type MetricsHttpServer, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * class App {
 *   metrics?: MetricsHttpServer;
 *   async start() {
 *     this.metrics = await startHttpServer({ addr: "127.0.0.1" });
 *   }
 *   async stop() {
 *     await this.metrics?.close();
 *   }
 * }
 * const app = new App();
 * await app.start();
 * await app.stop();
 * ```
 */
export interface MetricsHttpServer
  extends HttpServerInfo, ServerControls, Referenced {}

/**
 * A running metrics server on a unix socket; {@linkcode startHttpServer} makes
 * it.
 *
 * @example A server for a sidecar
 * ```ts
 * import { type MetricsUnixServer, startHttpServer } from "@prometheus-async/prometheus-async";
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 *
 * const folder = await mkdtemp(join(tmpdir(), "metrics-"));
 * const server: MetricsUnixServer = await startHttpServer({
 *   unix: join(folder, "metrics.sock"),
 * });
 * await server.close();
 * await rm(folder, { recursive: true });
 * if (server.metricsUrl !== null) throw new Error("never");
 * ```
 */
export interface MetricsUnixServer
  extends UnixServerInfo, ServerControls, Referenced {}

/**
 * A running metrics server, wherever it listens.
 *
 * @example Saying where a server is, whatever it listens on
 * ```ts
 * import { type MetricsServer, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const place = (server: MetricsServer) =>
 *   server.metricsUrl ?? server.socket.path;
 * const server = await startHttpServer({ addr: "127.0.0.1" });
 * await server.close();
 * if (!place(server).startsWith("http://127.0.0.1:")) throw new Error("moved");
 * ```
 */
export type MetricsServer = MetricsHttpServer | MetricsUnixServer;

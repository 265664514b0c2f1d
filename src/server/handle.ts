import type { MetricsServerInfo } from "../types.ts";

/** What can be done with a running metrics server. */
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

/** Where a metrics server on an address is. */
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

/** Where a metrics server on a unix socket is. URLs cannot name it. */
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

/** What lets a process end, or not. */
export interface Referenced {
  /** Keeps the process alive while the server listens, as it does at first. */
  ref(): void;
  /** Lets the process end although the server listens. */
  unref(): void;
}

/**
 * A running metrics server on an address; {@linkcode startHttpServer} makes it.
 */
export interface MetricsHttpServer
  extends HttpServerInfo, ServerControls, Referenced {}

/**
 * A running metrics server on a unix socket; {@linkcode startHttpServer} makes
 * it.
 */
export interface MetricsUnixServer
  extends UnixServerInfo, ServerControls, Referenced {}

/** A running metrics server, wherever it listens. */
export type MetricsServer = MetricsHttpServer | MetricsUnixServer;

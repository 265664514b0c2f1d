import { hostInUrl, isWildcard } from "../base/address.ts";
import type { ListenAddress } from "../runtime/types.ts";
import type { MetricsServerInfo } from "../types.ts";
import { HEALTH_PATH } from "./server_options.ts";
import type { TlsSettings } from "./tls.ts";

/** How long the steps of closing a server may take, in milliseconds. */
export interface CloseOptions {
  /**
   * How long to wait for the deregistration and for the scrapes in flight.
   *
   * @default {10_000}
   */
  grace?: number;
  /**
   * How long to serve on for one more scrape, which has what was counted since the
   * last one. The time ends with a scrape that has begun after the call and was
   * answered with 200 and the whole body. Until then the server stays registered
   * and healthy.
   *
   * @default {0} Not at all.
   */
  untilScraped?: number;
}

/**
 * A running metrics server on an address; {@linkcode startHttpServer} makes it.
 */
export interface MetricsHttpServer extends MetricsServerInfo, AsyncDisposable {
  /** The address and port that are listened on, as the system bound them. */
  readonly socket: { readonly addr: string; readonly port: number };
  /**
   * The root, with its slash; for a server on all interfaces it names loopback. A
   * link-local IPv6 address is without its zone, which URLs cannot name.
   */
  readonly url: string;
  /** Where Prometheus scrapes. */
  readonly metricsUrl: string;
  /**
   * Where health checks ask, without authentication; it answers 200 and nothing
   * else.
   */
  readonly healthUrl: string;
  /**
   * Whether service discovery knows the server, as far as it tells. It stays
   * `true` after a deregistration that failed, and is `false` while the thread of a
   * server on a thread hangs or is being replaced.
   */
  readonly isRegistered: boolean;
  /**
   * Closes the server: deregisters it, takes no more connections, waits for the
   * scrapes in flight, and cuts off those that are not done in time.
   *
   * A further call, for example with 0 in a hurry, yields the same promise; the
   * shortest times count.
   *
   * @param options How long the steps may take; a number is the grace period.
   * @returns Settles when the server is closed; failures on the way go to
   * `onError`. It rejects with a `TypeError` or a `RangeError` if a time is no
   * number from 0 to 2 ** 31 - 1.
   */
  close(options?: number | CloseOptions): Promise<void>;
  /** Keeps the process alive while the server listens, as it does at first. */
  ref(): void;
  /** Lets the process end although the server listens. */
  unref(): void;
}

/**
 * A running metrics server on a unix socket, which URLs cannot name;
 * {@linkcode startHttpServer} makes it.
 */
export interface MetricsUnixServer
  extends
    Omit<MetricsHttpServer, "socket" | "url" | "metricsUrl" | "healthUrl"> {
  /** The file of the socket. */
  readonly socket: { readonly path: string };
  /** Always `null`. */
  readonly url: null;
  /** Always `null`. */
  readonly metricsUrl: null;
  /** Always `null`. */
  readonly healthUrl: null;
}

/** The part of a running server that is data. */
export type ServerInfo =
  | Pick<MetricsHttpServer, keyof MetricsServerInfo>
  | Pick<MetricsUnixServer, keyof MetricsServerInfo>;

/** The part of a running server that is the same on every thread. */
export type ServerControls = Omit<
  MetricsHttpServer,
  keyof MetricsServerInfo | "ref" | "unref"
>;

/** Says where a server is that listens on an address. */
export function infoOf(
  address: ListenAddress,
  path: string,
  tls: TlsSettings | undefined,
): ServerInfo {
  const https = tls !== undefined;
  const mutualTls = (tls?.clientCa ?? tls?.clientCaFile) !== undefined;
  if ("path" in address) {
    const none = { url: null, metricsUrl: null, healthUrl: null };
    return { socket: { path: address.path }, https, mutualTls, ...none };
  }
  const { hostname, port } = address;
  // With a wildcard address loopback is listened on as well.
  const host = isWildcard(hostname) ? "127.0.0.1" : hostInUrl(hostname);
  const root = `${https ? "https" : "http"}://${host}:${port}`;
  return {
    socket: { addr: hostname, port },
    https,
    mutualTls,
    url: new URL("/", root).href,
    metricsUrl: new URL(path, root).href,
    healthUrl: new URL(HEALTH_PATH, root).href,
  };
}

import { describe } from "../describe.ts";
import {
  HANDLER_OPTIONS,
  type MetricsHandlerOptions,
  type MetricsHandlerParts,
  type MetricsHandlerSettings,
  readOptions,
} from "../exposition/options.ts";
import {
  defined,
  MAX_TIMER_MS,
  requireMethod,
  requireNames,
  requireNumber,
  requireType,
} from "../require.ts";
import type { ConnectionLimits, ListenAddress } from "../runtime/types.ts";
import type { ServiceDiscovery } from "../types.ts";
import {
  type AuthOptions,
  type AuthSettings,
  readAuthOptions,
} from "./auth.ts";
import { ACTION } from "./refuse.ts";
import { readTlsOptions, type TlsOptions, type TlsSettings } from "./tls.ts";

/**
 * Options for {@linkcode startHttpServer}, wherever it listens.
 *
 * @example Where strangers can connect
 * ```ts
 * import { type MetricsServerOptions, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const options: MetricsServerOptions = {
 *   auth: { bearer: ["a-long-random-token"] },
 *   headerTimeout: 10_000,
 *   maxConnections: 100,
 * };
 * const server = await startHttpServer({ ...options, addr: "127.0.0.1" });
 * const { status } = await fetch(server.metricsUrl);
 * await server.close();
 * if (status !== 401) throw new Error(`status is ${status}`);
 * ```
 */
export interface MetricsServerOptions extends MetricsHandlerOptions {
  /**
   * The path of the metrics, from its slash on.
   *
   * @default {"/metrics"}
   */
  path?: string;
  /**
   * How the server speaks TLS, and whom it asks for a certificate.
   *
   * @default {undefined} It does not.
   */
  tls?: TlsOptions;
  /**
   * Who may ask: for everything but `/-/healthy` one of these credentials is
   * needed. They are readable on the way unless there is `tls`.
   *
   * @default {undefined} Everybody.
   */
  auth?: AuthOptions;
  /**
   * Where the server is registered once it listens, and deregistered when it
   * closes, as a `ConsulAgent` does. It does not start if it cannot be registered.
   *
   * @default {undefined} Nowhere.
   */
  serviceDiscovery?: ServiceDiscovery;
  /**
   * How long a client may take for the TLS handshake and for the head of its
   * request, in milliseconds, from 100 on; it is cut off within two seconds after
   * that. On Bun with `tls` it must be 10 000 at least.
   *
   * @default {undefined} What the runtime's own server has: 12 seconds on Bun, a
   * minute on Node (two for the handshake), no end on Deno.
   */
  headerTimeout?: number;
  /**
   * How long a connection stays open between two requests, in milliseconds, from
   * 100 on.
   *
   * @default {undefined} 255 seconds on Bun, five on Node, no end on Deno.
   */
  idleTimeout?: number;
  /**
   * How many connections there may be; more are closed as they come.
   *
   * @default {undefined} As many as the system allows.
   */
  maxConnections?: number;
  /**
   * Closes the server when it aborts, as `close()` does. If it aborts before the
   * server has started, the server does not start, and the signal's reason is
   * thrown.
   *
   * @default {undefined}
   */
  signal?: AbortSignal;
  /**
   * Whether metrics about the scrapes themselves are served, too; see
   * {@linkcode MetricsHandlerOptions.ownMetrics}.
   *
   * @default {true}
   */
  ownMetrics?: boolean;
  /**
   * Takes each failure: those of {@linkcode MetricsHandlerOptions.onError}, a
   * renewed certificate that cannot be used, what goes wrong in service discovery while
   * the server runs and when it closes.
   *
   * @default {undefined} The first failure of each kind goes to
   * `console.error`.
   */
  onError?: (error: unknown) => void;
}

/**
 * Options for {@linkcode startHttpServer} on an address.
 *
 * @example An address and a path
 * ```ts
 * import { startHttpServer, type StartHttpServerOptions } from "@prometheus-async/prometheus-async";
 *
 * const options: StartHttpServerOptions = {
 *   addr: "127.0.0.1",
 *   port: 0,
 *   path: "/internal/metrics",
 * };
 * const server = await startHttpServer(options);
 * await server.close();
 * if (!server.metricsUrl.endsWith("/internal/metrics")) throw new Error("moved");
 * ```
 */
export interface StartHttpServerOptions extends MetricsServerOptions {
  /**
   * The address to listen on; empty for all interfaces, IPv4 and IPv6 where the
   * system has both.
   *
   * @default {""}
   */
  addr?: string;
  /**
   * The port to listen on, from 0 to 65535; 0 lets the system choose a free one.
   *
   * @default {0}
   */
  port?: number;
  /** Only without an address; see {@linkcode StartUnixServerOptions.unix}. */
  unix?: undefined;
}

/**
 * Options for {@linkcode startHttpServer} on a unix socket.
 *
 * @example A unix socket
 * ```ts
 * import { startHttpServer, type StartUnixServerOptions } from "@prometheus-async/prometheus-async";
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 *
 * const folder = await mkdtemp(join(tmpdir(), "metrics-"));
 * const options: StartUnixServerOptions = { unix: join(folder, "metrics.sock") };
 * const server = await startHttpServer(options);
 * await server.close();
 * await rm(folder, { recursive: true });
 * if (server.socket.path !== options.unix) throw new Error("elsewhere");
 * ```
 */
export interface StartUnixServerOptions extends MetricsServerOptions {
  /**
   * The file of the socket to listen on, at most 100 bytes long. If it is left
   * from a server that has gone, it is replaced; it is removed when this one
   * closes. Who may open it is for the folder's permissions to say.
   */
  unix: string;
  /** Not on a unix socket. */
  addr?: undefined;
  /** Not on a unix socket. */
  port?: undefined;
}

/** Where the metrics are by default. */
const METRICS_PATH = "/metrics";

/** Where health checks ask. */
export const HEALTH_PATH = "/-/healthy";

/** What a server is like: data alone, which may cross to another thread. */
export interface ServerSettings {
  /** Where to listen; an empty address is all interfaces. */
  readonly address: ListenAddress;
  /** The path of the metrics. */
  readonly path: string;
  readonly tls: TlsSettings | undefined;
  readonly auth: AuthSettings | undefined;
  readonly limits: ConnectionLimits;
  /** What is for the handler of the metrics. */
  readonly handler: MetricsHandlerSettings;
  /** Whether somebody registers the server. */
  readonly hasDiscovery: boolean;
}

/** Options as they are used. */
export interface ServerParts extends Omit<MetricsHandlerParts, "settings"> {
  readonly settings: ServerSettings;
  readonly signal: AbortSignal | undefined;
}

/** Options of either kind; service discovery is read elsewhere. */
type GivenOptions =
  & Omit<MetricsServerOptions, "serviceDiscovery">
  & { addr?: string; port?: number; unix?: string; serviceDiscovery?: unknown };

/** The names of all options: one that is not known may be meant to protect. */
const KNOWN: Readonly<
  Record<keyof StartHttpServerOptions & keyof StartUnixServerOptions, true>
> = {
  addr: true,
  port: true,
  unix: true,
  path: true,
  tls: true,
  auth: true,
  serviceDiscovery: true,
  headerTimeout: true,
  idleTimeout: true,
  maxConnections: true,
  signal: true,
  ...HANDLER_OPTIONS,
};

/** What fits into a socket's address on every system. */
const MAX_UNIX_BYTES = 100;

/**
 * Copies the options, with their defaults, and refuses what they cannot be.
 *
 * @param more What else is known, and read elsewhere.
 */
export function readServerOptions(
  options: GivenOptions,
  more: readonly string[] = [],
): ServerParts {
  requireType(ACTION, "object", { options });
  if (Array.isArray(options)) {
    throw new TypeError(
      `Cannot ${ACTION}: options must be an object, received an array`,
    );
  }
  requireNames(ACTION, "options", options, [...Object.keys(KNOWN), ...more]);
  // Each by its name: what is inherited counts, too.
  const {
    path = METRICS_PATH,
    tls,
    auth,
    headerTimeout,
    idleTimeout,
    maxConnections,
    signal,
    serviceDiscovery,
  } = options;
  requirePath(path);
  const timeouts = defined({ headerTimeout, idleTimeout });
  requireNumber(ACTION, timeouts, 100, MAX_TIMER_MS);
  requireInteger("maxConnections", maxConnections, 1, Number.MAX_SAFE_INTEGER);
  if (signal !== undefined) {
    requireMethod(ACTION, "signal", signal, "throwIfAborted");
    requireMethod(ACTION, "signal", signal, "addEventListener");
  }
  const { settings: handler, ...parts } = readOptions(options, true);
  return {
    ...parts,
    settings: {
      address: readAddress(options),
      path,
      tls: tls === undefined ? undefined : readTlsOptions(tls),
      auth: auth === undefined ? undefined : readAuthOptions(auth),
      limits: { headerTimeout, idleTimeout, maxConnections },
      handler,
      hasDiscovery: serviceDiscovery !== undefined,
    },
    signal,
  };
}

/** Refuses what is no service discovery. */
export function readDiscovery(
  given: ServiceDiscovery | undefined,
): ServiceDiscovery | undefined {
  if (given !== undefined) {
    requireMethod(ACTION, "serviceDiscovery", given, "register");
  }
  return given;
}

function readAddress({ addr, port, unix: path }: GivenOptions): ListenAddress {
  if (path === undefined) {
    // Node takes anything but a string for all interfaces.
    requireType(ACTION, "string", defined({ addr }));
    requireInteger("port", port, 0, 65535);
    return { hostname: addr ?? "", port: port ?? 0 };
  }
  if (addr !== undefined || port !== undefined) {
    throw new TypeError(
      `Cannot ${ACTION}: either addr and port or unix is required, received ` +
        "both",
    );
  }
  requireType(ACTION, "string", { unix: path });
  const { length } = new TextEncoder().encode(path);
  if (length === 0 || length > MAX_UNIX_BYTES || path.includes("\0")) {
    throw new RangeError(
      `Cannot ${ACTION}: unix must be a path of 1 to ${MAX_UNIX_BYTES} bytes, ` +
        `none of them zero, received ${describe(path)}`,
    );
  }
  return { path };
}

function requireInteger(
  name: string,
  value: unknown,
  min: number,
  max: number,
): void {
  if (value === undefined) return;
  const requirement = `Cannot ${ACTION}: ${name} must be an integer from ` +
    `${min} to ${max}, received ${describe(value)}`;
  if (typeof value !== "number") throw new TypeError(requirement);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(requirement);
  }
}

function requirePath(path: unknown): void {
  requireType(ACTION, "string", { path });
  const isPath = URL.parse(path as string, "http://localhost")?.pathname ===
    path;
  if (isPath && path !== HEALTH_PATH) return;
  throw new RangeError(
    `Cannot ${ACTION}: path must be a URL's path other than ${HEALTH_PATH}, ` +
      `received ${describe(path)}`,
  );
}

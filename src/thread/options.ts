import { MAX_TIMER_MS, requireNumber } from "../require.ts";
import {
  readServerOptions,
  type ServerParts,
  type StartHttpServerOptions,
  type StartUnixServerOptions,
} from "../server/options.ts";
import { ACTION } from "../server/refuse.ts";
import type { RegistrySource } from "../gather/registries.ts";
import type { ServiceDiscovery } from "../types.ts";
import {
  type PlacedDiscovery,
  placeDiscovery,
  type ThreadDiscovery,
} from "./discovery.ts";
import { requireUrl } from "./module_url.ts";

/**
 * Options that only a server on a thread has, or that mean more for it.
 *
 * @example Collectors that take their time
 * ```ts
 * import { startHttpServerInThread, type ThreadedServerOptions } from "@prometheus-async/prometheus-async";
 *
 * // A collector blocks the main thread for up to 200 ms.
 * const options: ThreadedServerOptions = { refreshTimeout: 250 };
 * const server = await startHttpServerInThread({ ...options, addr: "127.0.0.1" });
 * await server.close();
 * ```
 */
export interface ThreadedServerOptions {
  /**
   * The registry whose metrics are served, several of them, or a function that
   * yields either.
   *
   * A function runs on the main thread, when the server starts and with each
   * scrape that the main thread answers. If it fails then, or has yielded nothing
   * by the scrape's deadline, what it yielded last stays, and the failure goes to
   * `onError`.
   *
   * @default {undefined} The global registries of all clients that the
   * application has loaded, as in {@linkcode MetricsServerOptions}. A client that
   * is loaded later is served within a second.
   */
  registry?: RegistrySource;
  /**
   * Whether a collector that fails fails the whole scrape, with 500 and the
   * reason. What was found before, while the main thread is blocked, is no
   * failure.
   *
   * @default {false} The scrape is answered with what it found last.
   */
  failOnError?: boolean;
  /**
   * For how long what a collector found, without failing, serves other scrapes,
   * too, in milliseconds since it began. Live values are those of the moment in
   * any case.
   *
   * @default {0} Only scrapes that overlap share what collectors find.
   */
  coalesce?: number;
  /**
   * Where the server is registered once it listens, and deregistered when it
   * closes. It does not start if it cannot be registered.
   *
   * A `ConsulAgent` runs on the thread, unless it has a `fetch` of its own, and so
   * does a {@linkcode ThreadDiscovery}. Any other object with `register()` runs on
   * the main thread, and has to wait while that is blocked;
   * `startHttpServerInThreadSync` refuses it.
   *
   * @default {undefined} Nowhere.
   */
  serviceDiscovery?: ServiceDiscovery | ThreadDiscovery;
  /**
   * For how long, in milliseconds, a scrape waits for a main thread that gives no
   * sign of life. Then it is answered with what collectors found when they ran
   * last. For collectors that are busy while the main thread turns its event loop
   * it waits until its own deadline, see `timeout`.
   *
   * @default {50}
   */
  refreshTimeout?: number;
  /**
   * The absolute URL of the thread's module, for applications whose modules were
   * put into one file: it is what the package exports as `./thread-entry`,
   * bundled into a file of its own, as in
   * `new URL("./thread-entry.js", import.meta.url)`.
   *
   * @default {undefined} The module in the package.
   */
  entry?: string | URL;
}

/**
 * Options for a metrics server on a thread of its own, on an address.
 *
 * @example An address, and a token
 * ```ts
 * import { startHttpServerInThread, type StartThreadedHttpServerOptions } from "@prometheus-async/prometheus-async";
 *
 * const options: StartThreadedHttpServerOptions = {
 *   addr: "127.0.0.1",
 *   auth: { bearer: ["a-long-random-token"] },
 * };
 * const server = await startHttpServerInThread(options);
 * const { status } = await fetch(server.metricsUrl);
 * await server.close();
 * if (status !== 401) throw new Error(`status is ${status}`);
 * ```
 */
export interface StartThreadedHttpServerOptions
  extends
    Omit<StartHttpServerOptions, keyof ThreadedServerOptions>,
    ThreadedServerOptions {}

/**
 * Options for a metrics server on a thread of its own, on a unix socket.
 *
 * @example A unix socket
 * ```ts
 * import { startHttpServerInThread, type StartThreadedUnixServerOptions } from "@prometheus-async/prometheus-async";
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 *
 * const folder = await mkdtemp(join(tmpdir(), "metrics-"));
 * const options: StartThreadedUnixServerOptions = {
 *   unix: join(folder, "metrics.sock"),
 * };
 * const server = await startHttpServerInThread(options);
 * await server.close();
 * await rm(folder, { recursive: true });
 * if (server.socket.path !== options.unix) throw new Error("elsewhere");
 * ```
 */
export interface StartThreadedUnixServerOptions
  extends
    Omit<StartUnixServerOptions, keyof ThreadedServerOptions>,
    ThreadedServerOptions {}

/** Options as they are used. */
export interface ThreadedServerParts extends ServerParts {
  /** Who registers the server. */
  readonly discovery: PlacedDiscovery;
  readonly refreshTimeout: number;
  /** Whether the registries are the same ones with every scrape. */
  readonly isRegistryFixed: boolean;
  /** The URL of the thread's module. */
  readonly entry: string;
}

const REFRESH_TIMEOUT_MS = 50;

/** The names of the options that other servers do not have. */
const OWN_NAMES = ["refreshTimeout", "entry"];

/** Copies the options, with their defaults, and refuses what they cannot be. */
export function readThreadOptions(
  options: StartThreadedHttpServerOptions | StartThreadedUnixServerOptions,
): ThreadedServerParts {
  const parts = readServerOptions(options, OWN_NAMES);
  const { refreshTimeout = REFRESH_TIMEOUT_MS, entry, serviceDiscovery } =
    options;
  requireNumber(ACTION, { refreshTimeout }, 0, MAX_TIMER_MS);
  return {
    ...parts,
    discovery: placeDiscovery(serviceDiscovery),
    refreshTimeout,
    isRegistryFixed: typeof options.registry !== "function",
    entry: entry === undefined ? defaultEntry() : requireUrl("entry", entry),
  };
}

/** The entry module beside this one, as what this one is: source or compiled. */
function defaultEntry(): string {
  const extension = /\.[cm]?[jt]s$/.exec(import.meta.url ?? "")?.[0] ?? ".js";
  const url = URL.parse(`./entry${extension}`, import.meta.url);
  if (url !== null) return url.href;
  throw new TypeError(
    `Cannot ${ACTION}: entry must be given where modules have no URL, as in ` +
      "bundles of CommonJS, received undefined",
  );
}

import { boolean, number, parsed } from "../../base/rules.ts";
import type { RegistrySource } from "../../gather/registries.ts";
import { MAX_TIMER_MS } from "../../runtime/wait.ts";
import {
  ACTION,
  parseServerOptions,
  type ServerParts,
  type StartHttpServerOptions,
  type StartUnixServerOptions,
} from "../../server/server_options.ts";
import type { ServiceDiscovery } from "../../types.ts";
import {
  parseModuleUrl,
  type PlacedDiscovery,
  placeDiscovery,
} from "./placed_discovery.ts";

/** Options for a metrics server on a thread of its own, on an address. */
export interface StartThreadedHttpServerOptions extends
  Omit<
    StartHttpServerOptions,
    "registry" | "failOnError" | "coalesce" | "serviceDiscovery"
  > {
  /**
   * The registry whose metrics are served, several of them, or a function that
   * yields either.
   *
   * A function runs on the main thread, when the server starts and with each
   * scrape that the main thread answers. If it then fails, or does not yield by
   * the scrape's deadline, the last registries stay, and the failure goes to
   * `onError`.
   *
   * @default {undefined} As in {@linkcode StartHttpServerOptions}; a client that is
   * loaded later is served within a second.
   */
  registry?: RegistrySource;
  /**
   * Whether a collector that fails fails the whole scrape, with 500 and the
   * reason. Old values of collectors, while the main thread is blocked, are no
   * failure.
   *
   * @default {false} The scrape has the collector's last values.
   */
  failOnError?: boolean;
  /**
   * How long an answer without failures, and a collector's values, serve further
   * scrapes, in milliseconds since they were begun.
   *
   * @default {0} Only scrapes that overlap share them; live values are current.
   */
  coalesce?: number;
  /**
   * Registers the server once it listens, and deregisters it when it closes. The
   * server does not start if it cannot be registered.
   *
   * A `ConsulAgent` without a `fetch` of its own runs on the thread, and so does
   * `{ module, options }`. Any other object with `register()` runs on the main
   * thread, and has to wait while that is blocked; `startHttpServerInThreadSync`
   * refuses it.
   *
   * `module` is the absolute URL of a module, as from
   * `new URL("./discovery.ts", import.meta.url)` or `import.meta.resolve()`. Its
   * default export is a {@linkcode ServiceDiscovery}, or a function that makes one
   * and gets `options`: data that can be cloned, by default `undefined`.
   *
   * @default {undefined} The server is not registered.
   */
  serviceDiscovery?: ServiceDiscovery | {
    readonly module: string | URL;
    readonly options?: unknown;
  };
  /**
   * How long a scrape waits for a main thread that gives no sign of life, in
   * milliseconds. Then it has the collectors' last values. While the main thread
   * turns its event loop, the scrape waits for collectors until its own deadline,
   * see `timeout`.
   *
   * @default {50}
   */
  refreshTimeout?: number;
  /**
   * Whether another thread takes the place of one that hangs for five seconds, or
   * ends by itself. It listens on the same port, with the values of the moment, and
   * registers again. Attempts that fail are repeated after pauses that grow to 30
   * seconds.
   *
   * On Deno a thread that hangs keeps its port until it goes on, since Deno ends
   * threads only then; the next one listens afterwards.
   *
   * @default {false} Trouble goes to `onError`; a thread that hangs may go on.
   */
  restartThread?: boolean;
  /**
   * The absolute URL of the thread's module, for applications that are bundled
   * into one file: bundle the package's export `./thread-entry` into a second one
   * and pass `new URL("./thread-entry.js", import.meta.url)`.
   *
   * @default {undefined} The module in the package.
   */
  entry?: string | URL;
}

/** Options for a metrics server on a thread of its own, on a unix socket. */
export interface StartThreadedUnixServerOptions
  extends
    Omit<StartThreadedHttpServerOptions, "addr" | "port" | "unix">,
    Pick<StartUnixServerOptions, "addr" | "port" | "unix"> {}

/** Options as they are used. */
export interface ThreadedServerParts extends ServerParts {
  readonly discovery: PlacedDiscovery;
  readonly refreshTimeout: number;
  readonly restartThread: boolean;
  /** The URL of the thread's module. */
  readonly entry: string;
}

/** The rules for options that other servers do not have. */
const RULES = {
  serviceDiscovery: parsed(placeDiscovery),
  refreshTimeout: number(0, MAX_TIMER_MS, 50),
  restartThread: boolean(false),
  entry: parsed(parseModuleUrl),
};

/** Copies the options, with their defaults, and refuses invalid ones. */
export function parseThreadOptions(
  options: StartThreadedHttpServerOptions | StartThreadedUnixServerOptions,
): ThreadedServerParts {
  const { more, ...parts } = parseServerOptions(options, RULES);
  const { serviceDiscovery: discovery = {}, refreshTimeout } = more;
  const { restartThread, entry = defaultEntry() } = more;
  return { ...parts, discovery, refreshTimeout, restartThread, entry };
}

/** The entry module in the package: source or compiled, as this module is. */
function defaultEntry(): string {
  const extension = /\.[cm]?[jt]s$/.exec(import.meta.url ?? "")?.[0] ?? ".js";
  const url = URL.parse(`../worker/entry${extension}`, import.meta.url);
  if (url !== null) return url.href;
  throw new TypeError(
    `Cannot ${ACTION}: entry must be given where modules have no URL, as in ` +
      "bundles of CommonJS, received undefined",
  );
}

import { ThreadError } from "../errors.ts";
import { type Given, refusal, textOf } from "../base/checks.ts";
import * as rule from "../base/rules.ts";
import {
  HANDLER_RULES,
  type MetricsHandlerOptions,
  type MetricsHandlerParts,
  type MetricsHandlerSettings,
  partsOf,
  UNSENT_DEFAULTS,
} from "../exposition/handler_options.ts";
import { requireVersion } from "../runtime/host.ts";
import { isStartedThread } from "../runtime/thread.ts";
import type { ConnectionLimits, ListenAddress } from "../runtime/types.ts";
import type { UnsentLimits } from "../runtime/unsent_answers.ts";
import { MAX_TIMER_MS } from "../runtime/wait.ts";
import type { ServiceDiscovery } from "../types.ts";
import { type AuthOptions, parseAuth } from "./auth_options.ts";
import type { AuthSettings } from "./credentials.ts";
import { parseHosts } from "./target.ts";
import { parseTls, type TlsOptions, type TlsSettings } from "./tls.ts";

/** Options for {@linkcode startHttpServer} on an address. */
export interface StartHttpServerOptions extends MetricsHandlerOptions {
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
  /** Not on an address; see {@linkcode StartUnixServerOptions.unix}. */
  unix?: undefined;
  /**
   * The path of the metrics, from its slash on.
   *
   * @default {"/metrics"}
   */
  path?: string;
  /**
   * The host names and IP addresses that requests may name, without ports; those
   * for another host get 421. They keep out pages of other origins whose name was
   * made to lead here (DNS rebinding), which matters most on loopback.
   *
   * @default {undefined} All.
   */
  hosts?: readonly string[];
  /**
   * How the server speaks TLS, and whether it asks clients for a certificate.
   *
   * @default {undefined} Plain HTTP.
   */
  tls?: TlsOptions;
  /**
   * The credentials of which one is needed for everything but `/-/healthy`. Without
   * `tls` they are readable on the way.
   *
   * @default {undefined} Everybody is served.
   */
  auth?: AuthOptions;
  /**
   * Registers the server once it listens, and deregisters it when it closes, as a
   * `ConsulAgent` does. A server that cannot be registered does not start.
   *
   * @default {undefined} The server is not registered.
   */
  serviceDiscovery?: ServiceDiscovery;
  /**
   * How long a client may take for the TLS handshake and for the head of its
   * request, in milliseconds, from 100 on; it is cut off within two seconds after
   * that. On Bun with `tls` it must be 10 000 at least.
   *
   * @default {undefined} That of the runtime's own server: 12 seconds on Bun, a
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
   * How many connections there may be. For one more another is closed: one that has
   * never asked, that asks for nothing, that takes nothing of its answer, or whose
   * answer has not begun, each time the oldest of them. A new one has a second to ask;
   * there may be twice as many for that, and until the next one comes.
   *
   * @default {undefined} As many as the system allows.
   */
  maxConnections?: number;
  /**
   * How long a client may take less than 64 kB of its answer, in milliseconds, from
   * 1000 on, before it is cut off. Systems take up to some megabytes in its place, and
   * in portions of up to a third of that.
   *
   * @default {30_000}
   */
  sendTimeout?: number;
  /**
   * How many bytes all answers may hold together that are not sent; more are treated
   * like more than `maxInFlight`. A single answer may be larger. Those that `coalesce`
   * keeps, four at most and until the next scrape, come on top.
   *
   * @default {Infinity}
   */
  maxHeldBytes?: number;
  /**
   * Closes the server when it aborts, as `close()` does. If it aborts before the
   * server has started, the signal's reason is thrown.
   *
   * @default {undefined}
   */
  signal?: AbortSignal;
  /**
   * Whether the metrics of {@linkcode MetricsHandlerOptions.ownMetrics} are served.
   *
   * @default {true}
   */
  ownMetrics?: boolean;
  /**
   * Takes each failure: those of {@linkcode MetricsHandlerOptions.onError}, of
   * renewed certificates that cannot be used, of service discovery while the server
   * runs and when it closes; the first client that is cut off since it takes nothing;
   * on Deno, that there were no descriptors for clients, once in a minute.
   *
   * @default {undefined} The first failure of each kind goes to
   * `console.error`.
   */
  onError?: (error: unknown) => void;
}

/** Options for {@linkcode startHttpServer} on a unix socket. */
export interface StartUnixServerOptions
  extends Omit<StartHttpServerOptions, "addr" | "port" | "unix"> {
  /**
   * The file of the socket to listen on, at most 100 bytes long. A file that a dead
   * server has left is replaced; this one is removed when the server closes. The
   * permissions of its folder decide who may open it.
   */
  unix: string;
  /** Not on a unix socket. */
  addr?: undefined;
  /** Not on a unix socket. */
  port?: undefined;
}

/** The action in messages about the options of servers. */
export const ACTION = "start metrics server";

/** Where health checks ask. */
export const HEALTH_PATH = "/-/healthy";

/** The settings of a server: data alone, which may cross to another thread. */
export interface ServerSettings {
  /** Where to listen; an empty address is all interfaces. */
  readonly address: ListenAddress;
  /** The path of the metrics. */
  readonly path: string;
  /** The hosts that are served, as requests name them; all if it is missing. */
  readonly hosts: readonly string[] | undefined;
  readonly tls: TlsSettings | undefined;
  readonly auth: AuthSettings | undefined;
  readonly limits: ConnectionLimits;
  readonly unsent: UnsentLimits;
  /** The settings of the handler of the metrics. */
  readonly handler: MetricsHandlerSettings;
  /** Whether the server is registered somewhere. */
  readonly hasDiscovery: boolean;
}

/** Options as they are used. */
export interface ServerParts extends Omit<MetricsHandlerParts, "settings"> {
  readonly settings: ServerSettings;
  readonly signal: AbortSignal | undefined;
}

/** The options that all servers have, on an address or a unix socket. */
type ServerOptions =
  & Omit<StartHttpServerOptions, "serviceDiscovery" | "unix">
  & { unix?: string };

const RULES = {
  addr: rule.text(),
  port: rule.integer(0, 65535),
  unix: rule.parsed(parseSocketPath),
  path: rule.parsed(parsePath, "/metrics"),
  hosts: rule.parsed(parseHosts),
  tls: rule.parsed(parseTls),
  auth: rule.parsed(parseAuth),
  headerTimeout: rule.number(100, MAX_TIMER_MS),
  idleTimeout: rule.number(100, MAX_TIMER_MS),
  maxConnections: rule.integer(1, Number.MAX_SAFE_INTEGER),
  sendTimeout: rule.number(1000, MAX_TIMER_MS, UNSENT_DEFAULTS.sendTimeout),
  maxHeldBytes: rule.number(1, Infinity, UNSENT_DEFAULTS.maxHeldBytes),
  signal: rule.having<AbortSignal>("throwIfAborted", "addEventListener"),
  ...HANDLER_RULES,
  ownMetrics: rule.boolean(true),
} satisfies rule.RuleOfEach<ServerOptions>;

/** The longest path that fits into a socket's address on every system. */
const MAX_UNIX_BYTES = 100;

/**
 * Checks the options of a server, and copies them with their defaults.
 *
 * @param more The rules for options that other servers do not have.
 */
export function parseServerOptions<
  More extends rule.Rules & { readonly serviceDiscovery: rule.Rule<unknown> },
>(
  options: ServerOptions,
  more: More,
): ServerParts & { readonly more: rule.Checked<More> } {
  requireVersion(ACTION);
  if (isStartedThread()) {
    throw new ThreadError({
      message: `Cannot ${ACTION}: this is the thread of another one, where ` +
        "modules of --import and --require run again; start it there only if " +
        "isMainThread of node:worker_threads is true",
    });
  }
  const rules = { ...RULES, ...more };
  const checked: rule.Checked<typeof RULES> & rule.Checked<More> = rule.check(
    ACTION,
    "options",
    options,
    rules,
  );
  const { addr, port, unix, path, hosts, tls, auth, signal } = checked;
  const { headerTimeout, idleTimeout, maxConnections } = checked;
  const { sendTimeout, maxHeldBytes } = checked;
  if (unix !== undefined && (addr !== undefined || port !== undefined)) {
    throw new TypeError(
      `Cannot ${ACTION}: either addr and port or unix is required, received ` +
        "both",
    );
  }
  const { settings: handler, ...parts } = partsOf(checked);
  return {
    ...parts,
    settings: {
      address: unix === undefined
        ? { hostname: addr ?? "", port: port ?? 0 }
        : { path: unix },
      path,
      hosts,
      tls,
      auth,
      limits: { headerTimeout, idleTimeout, maxConnections },
      unsent: { maxInFlight: handler.maxInFlight, sendTimeout, maxHeldBytes },
      handler,
      hasDiscovery: checked.serviceDiscovery !== undefined,
    },
    signal,
    more: checked,
  };
}

function parseSocketPath(given: Given): string {
  const path = textOf(given);
  const { length } = new TextEncoder().encode(path);
  if (length > 0 && length <= MAX_UNIX_BYTES && !path.includes("\0")) {
    return path;
  }
  const size = `1 to ${MAX_UNIX_BYTES} bytes`;
  throw refusal(
    RangeError,
    given,
    `must be a path of ${size}, none of them zero`,
  );
}

function parsePath(given: Given): string {
  const path = textOf(given);
  const isPath = URL.parse(path, "http://localhost")?.pathname === path;
  if (isPath && path !== HEALTH_PATH) return path;
  const requirement = `must be a URL's path other than ${HEALTH_PATH}`;
  throw refusal(RangeError, given, requirement);
}

import { settingsOf } from "../discovery/consul_agent.ts";
import type { ConsulSettings } from "../discovery/consul_settings.ts";
import { tokenOf, type TokenSource } from "../discovery/token.ts";
import { isPlainObject, requireNames } from "../require.ts";
import { readDiscovery } from "../server/options.ts";
import { ACTION } from "../server/refuse.ts";
import type { ServiceDiscovery } from "../types.ts";
import { requireUrl } from "./module_url.ts";

/**
 * Service discovery that runs on the thread of a metrics server, and so while
 * the main thread is blocked.
 *
 * @example A module that runs on the thread
 * ```ts
 * import { startHttpServerInThread, type ThreadDiscovery } from "@prometheus-async/prometheus-async";
 *
 * const source = `export default ({ log }) => ({
 *   async register({ metricsUrl }) {
 *     if (log) console.log(metricsUrl);
 *     return async () => {};
 *   },
 * });`;
 * const serviceDiscovery: ThreadDiscovery = {
 *   module: `data:text/javascript,${encodeURIComponent(source)}`,
 *   options: { log: false },
 * };
 * const server = await startHttpServerInThread({
 *   addr: "127.0.0.1",
 *   serviceDiscovery,
 * });
 * const { isRegistered } = server;
 * await server.close();
 * if (!isRegistered) throw new Error("not registered");
 * ```
 */
export interface ThreadDiscovery {
  /**
   * The absolute URL of a module whose default export is a
   * {@linkcode ServiceDiscovery}, or a function that is given `options` and makes
   * one, as `new URL("./discovery.ts", import.meta.url)` or
   * `import.meta.resolve("discovery")` say it.
   */
  readonly module: string | URL;
  /**
   * What that function is given: data that can be cloned.
   *
   * @default {undefined}
   */
  readonly options?: unknown;
}

/** Who registers a server on a thread, if somebody does, and on which thread. */
export interface PlacedDiscovery {
  readonly onMain?: ServiceDiscovery;
  readonly onThread?: ThreadDiscovery;
  readonly consul?: ConsulSettings;
  /** The agent's; if it is a function, that runs on the main thread. */
  readonly token?: TokenSource;
}

/** What runs on the thread, as it crosses: data alone. */
export type SentDiscovery = ThreadDiscovery | {
  readonly consul: ConsulSettings;
  /** The token of the moment. */
  readonly token: string | undefined;
  /** Whether the main thread is asked for later ones. */
  readonly isTokenOnMain: boolean;
};

/** Finds out who registers a server, and refuses what cannot. */
export function placeDiscovery(
  given: ServiceDiscovery | ThreadDiscovery | undefined,
): PlacedDiscovery {
  if (isPlainObject(given) && "module" in given) {
    return { onThread: readThreadDiscovery(given as ThreadDiscovery) };
  }
  const onMain = readDiscovery(given);
  const settings = onMain && settingsOf(onMain);
  // A function of the user's cannot cross, and one that fetches is all of it.
  if (settings === undefined || settings.fetch !== undefined) return { onMain };
  const { token, fetch: _, ...consul } = settings;
  return { consul, token };
}

/**
 * Makes data of what runs on the thread.
 *
 * @returns It, or a promise of it where a function is asynchronous.
 * @throws What a function of the user's throws.
 */
export function sendDiscovery(
  { onThread, consul, token: given }: PlacedDiscovery,
): SentDiscovery | undefined | Promise<SentDiscovery> {
  if (consul === undefined) return onThread;
  const isTokenOnMain = typeof given === "function";
  const send = (token?: string) => ({ consul, token, isTokenOnMain });
  const token = tokenOf(ACTION, given);
  return token instanceof Promise ? token.then(send) : send(token);
}

function readThreadDiscovery(given: ThreadDiscovery): ThreadDiscovery {
  requireNames(ACTION, "serviceDiscovery", given, ["module", "options"]);
  const module = requireUrl("serviceDiscovery.module", given.module);
  try {
    return { module, options: structuredClone(given.options) };
  } catch (cause) {
    throw new TypeError(
      `Cannot ${ACTION}: serviceDiscovery.options must be data that can be ` +
        "cloned, received something else; make the rest in the module",
      { cause },
    );
  }
}

import type { RegistryLister } from "../../gather/registries.ts";
import { unlessAborted, waitFor } from "../../runtime/wait.ts";
import { parseClose } from "../../server/lifecycle.ts";
import type {
  CloseOptions,
  MetricsHttpServer,
  MetricsUnixServer,
  ServerInfo,
} from "../../server/metrics_server.ts";
import { ACTION } from "../../server/server_options.ts";
import type { Registry } from "../../types.ts";
import type { SentDiscovery } from "../protocol.ts";
import { type PlacedDiscovery, sendDiscovery } from "./placed_discovery.ts";
import { ServerProxy } from "./server_proxy.ts";
import { START_MS } from "./server_thread.ts";
import {
  parseThreadOptions,
  type StartThreadedHttpServerOptions,
  type StartThreadedUnixServerOptions,
} from "./thread_options.ts";

/** A metrics server on a thread of its own, on an address. */
export interface ThreadedMetricsHttpServer
  extends Omit<MetricsHttpServer, "ref" | "unref">, Disposable {
  /**
   * Closes the server as `close()` does, and blocks this thread meanwhile: for
   * programs that never turn the event loop.
   *
   * Service discovery that runs on the main thread is told to deregister, but
   * cannot be waited for; with `untilScraped` it is told afterwards. The last scrape
   * has the values of collectors from before the call.
   *
   * @param options How long the steps may take; a number is the grace period. The
   * call returns at most two seconds later.
   * @throws {TypeError} If a time is no number.
   * @throws {RangeError} If a time is not from 0 to 2 ** 31 - 1.
   */
  closeSync(options?: number | CloseOptions): void;
}

/** A metrics server on a thread of its own, on a unix socket. */
export interface ThreadedMetricsUnixServer
  extends
    Omit<MetricsUnixServer, "ref" | "unref">,
    Pick<ThreadedMetricsHttpServer, "closeSync" | typeof Symbol.dispose> {}

type ThreadedMetricsServer =
  | ThreadedMetricsHttpServer
  | ThreadedMetricsUnixServer;

/**
 * Starts a metrics server on a thread of its own. It answers while the main thread
 * is blocked, however long, with the values of that moment.
 *
 * Counters, gauges and histograms of `prom-client` and of
 * `@prometheus-io/client` are **live**: the next scrape has every update, also
 * from blocked code, from children made before the server started, and of metrics
 * and label sets made later. Values that a `collect` function sets, summaries, and
 * metrics of other makes are **last known**: each scrape asks the main thread to
 * collect, and has the previous values if there is no answer within
 * `refreshTimeout`. While every metric is live, the main thread is asked once a
 * second at most, as long as it gives signs of life.
 * `prometheus_async_main_thread_responsive`,
 * `prometheus_async_main_thread_blocked_seconds`,
 * `prometheus_async_refresh_age_seconds` and
 * `prometheus_async_collector_age_seconds` show this in every scrape.
 *
 * The options are those of `startHttpServer`; functions among them run on the
 * main thread. The server keeps no process alive. If its thread ends before the
 * server is closed, `onError` gets a {@linkcode ThreadError}, and the metrics work
 * on as without a server. It also gets one if the thread hangs for five seconds;
 * meanwhile `isRegistered` is `false`. With `restartThread` another thread takes
 * the place of either.
 *
 * Deno needs `--allow-net`, and `--allow-read` where the package itself is in
 * files.
 *
 * @example Metrics of a program that blocks its thread
 * ```ts
 * import { startHttpServerInThread } from "@prometheus-async/prometheus-async";
 * import { Counter } from "prom-client";
 *
 * const rounds = new Counter({ name: "rounds_total", help: "Rounds" });
 * const server = await startHttpServerInThread({ addr: "127.0.0.1" });
 *
 * // A scrape meanwhile sees the counter rise.
 * const end = performance.now() + 100;
 * while (performance.now() < end) rounds.inc();
 *
 * const text = await (await fetch(server.metricsUrl)).text();
 * const { value } = (await rounds.get()).values[0];
 * await server.close();
 * if (!text.includes(`\nrounds_total ${value}\n`)) throw new Error(text);
 * ```
 *
 * @example Service discovery that runs on the thread
 * ```ts
 * import { startHttpServerInThread } from "@prometheus-async/prometheus-async";
 *
 * const source = `export default ({ log }) => ({
 *   async register({ metricsUrl }) {
 *     if (log) console.log(metricsUrl);
 *     return async () => {};
 *   },
 * });`;
 * const server = await startHttpServerInThread({
 *   addr: "127.0.0.1",
 *   serviceDiscovery: {
 *     module: `data:text/javascript,${encodeURIComponent(source)}`,
 *     options: { log: false },
 *   },
 * });
 * const { isRegistered } = server;
 * await server.close();
 * if (!isRegistered) throw new Error("not registered");
 * ```
 *
 * @param options Where to listen, what to serve, and to whom.
 * @returns The server, once it listens and is registered.
 * @throws The errors of `startHttpServer` and of a function in `registry`; an
 * `Error` if that does not yield within 30 seconds. Then nothing is left running.
 * @throws {ThreadError} If the thread cannot be started, ends meanwhile, or has
 * not listened and registered within 30 seconds.
 */
export function startHttpServerInThread(
  options?: StartThreadedHttpServerOptions,
): Promise<ThreadedMetricsHttpServer>;
/**
 * Does the same on a unix socket.
 *
 * @example A unix socket
 * ```ts
 * import { startHttpServerInThread } from "@prometheus-async/prometheus-async";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { register } from "prom-client";
 *
 * const unix = join(tmpdir(), "jobs-metrics.sock");
 * const server = await startHttpServerInThread({ unix, registry: register });
 * await server.close();
 * if (server.socket.path !== unix) throw new Error("elsewhere");
 * ```
 *
 * @param options Where to listen, what to serve, and to whom.
 * @returns The server, once it listens and is registered.
 */
export function startHttpServerInThread(
  options: StartThreadedUnixServerOptions,
): Promise<ThreadedMetricsUnixServer>;
export async function startHttpServerInThread(
  options: StartThreadedHttpServerOptions | StartThreadedUnixServerOptions = {},
): Promise<ThreadedMetricsServer> {
  return await start(options, false);
}

/** Does the same, but the process may end before the server listens. */
export async function startInBackground(
  options: StartThreadedHttpServerOptions,
): Promise<ThreadedMetricsHttpServer> {
  return await start(options, true) as ThreadedMetricsHttpServer;
}

async function start(
  options: StartThreadedHttpServerOptions | StartThreadedUnixServerOptions,
  inBackground: boolean,
): Promise<ThreadedMetricsServer> {
  const parts = parseThreadOptions(options);
  const { registries, discovery, signal } = parts;
  signal?.throwIfAborted();
  const listed = registries.now?.() ??
    await inTime("registry", signal, registries());
  const sent = await inTime(
    "serviceDiscovery.token",
    signal,
    sendDiscovery(discovery),
  );
  const thread = new ServerProxy(parts, listed, sent);
  try {
    const info = await unlessAborted(signal, thread.started(inBackground));
    const begun = thread.lifecycle.begin(info, discovery.onMain, signal);
    await Promise.race([begun, thread.death]);
    return handleOf(info, thread);
  } catch (error) {
    await thread.lifecycle.close(0);
    throw error;
  }
}

/**
 * Does the same as {@linkcode startHttpServerInThread} without turning the event
 * loop, for programs that never turn it: it blocks this thread until the server
 * listens and is registered.
 *
 * Without `registry` a client must be loaded already, and service discovery must
 * run on the thread. Values of asynchronous collectors, and their age, are missing
 * until the event loop turns.
 *
 * @example A script that never awaits
 * ```ts
 * import { startHttpServerInThreadSync } from "@prometheus-async/prometheus-async";
 * import { Counter } from "prom-client";
 *
 * const jobs = new Counter({ name: "batch_jobs_total", help: "Jobs done" });
 * const server = startHttpServerInThreadSync({ addr: "127.0.0.1" });
 *
 * for (let job = 0; job < 1000; job++) jobs.inc();
 * server.closeSync();
 * ```
 *
 * @param options Where to listen, what to serve, and to whom.
 * @returns The server, which listens and is registered.
 * @throws {TypeError} If `registry` is missing and no client is loaded, or it is
 * a function that yields a promise, or `serviceDiscovery` would run on this
 * thread.
 * @throws The errors that {@linkcode startHttpServerInThread} rejects with.
 */
export function startHttpServerInThreadSync(
  options: StartThreadedHttpServerOptions,
): ThreadedMetricsHttpServer;
/**
 * Does the same on a unix socket.
 *
 * @example A unix socket
 * ```ts
 * import { startHttpServerInThreadSync } from "@prometheus-async/prometheus-async";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { register } from "prom-client";
 *
 * const unix = join(tmpdir(), "batch-metrics.sock");
 * const server = startHttpServerInThreadSync({ unix, registry: register });
 * server.closeSync();
 * if (server.socket.path !== unix) throw new Error("elsewhere");
 * ```
 *
 * @param options Where to listen, what to serve, and to whom.
 * @returns The server, once it listens and is registered.
 */
export function startHttpServerInThreadSync(
  options: StartThreadedUnixServerOptions,
): ThreadedMetricsUnixServer;
export function startHttpServerInThreadSync(
  options: StartThreadedHttpServerOptions | StartThreadedUnixServerOptions,
): ThreadedMetricsServer {
  const parts = parseThreadOptions(options);
  const { registries, signal } = parts;
  const discovery = discoveryNow(parts.discovery);
  signal?.throwIfAborted();
  const thread = new ServerProxy(parts, listNow(registries), discovery);
  try {
    const info = thread.startedSync();
    signal?.throwIfAborted();
    if (signal) thread.lifecycle.closeOn(signal);
    return handleOf(info, thread);
  } catch (error) {
    // At once: this thread may be blocked from now on.
    void thread.cut();
    throw error;
  }
}

/** Waits for the value of a user's function, but not for long. */
async function inTime<T>(
  option: string,
  signal: AbortSignal | undefined,
  given: T | Promise<T>,
): Promise<T> {
  if (!(given instanceof Promise)) return given;
  const yielded = unlessAborted(signal, given);
  if (await waitFor(yielded, { ms: START_MS })) return await yielded;
  throw new Error(
    `Cannot ${ACTION}: ${option} did not yield within ${START_MS} ms`,
  );
}

/** Takes service discovery that needs no turn of the event loop. */
function discoveryNow(discovery: PlacedDiscovery): SentDiscovery | undefined {
  if (discovery.onMain !== undefined) {
    throw new TypeError(
      `Cannot ${ACTION}: serviceDiscovery must be { module }, or a ConsulAgent ` +
        "without a fetch of its own, to be waited for without turning the event " +
        "loop, received another object with register()",
    );
  }
  return atOnce("serviceDiscovery.token", sendDiscovery(discovery));
}

/** Lists the registries without turning the event loop. */
function listNow(registries: RegistryLister): readonly Registry[] {
  const wayOut =
    "; pass the client's registry itself, which it exports as `register`";
  const loaded = registries.now?.();
  if (loaded?.length !== 0) {
    return atOnce("registry", loaded ?? registries(), wayOut);
  }
  throw absent("registry", "undefined before a client is loaded" + wayOut);
}

/** Refuses a promise, which would settle only when the event loop turns. */
function atOnce<T>(option: string, given: T | Promise<T>, wayOut = ""): T {
  if (!(given instanceof Promise)) return given;
  given.catch(() => {});
  throw absent(option, "a function that yields a promise" + wayOut);
}

function absent(option: string, received: string): TypeError {
  return new TypeError(
    `Cannot ${ACTION}: ${option} must be there without turning the event loop, ` +
      `received ${received}`,
  );
}

function handleOf(
  info: ServerInfo,
  thread: ServerProxy,
): ThreadedMetricsServer {
  thread.release();
  const { lifecycle } = thread;
  const closeSync = (options?: number | CloseOptions) => {
    const times = parseClose(options);
    // It begins the steps of this thread; they end when the event loop turns.
    void lifecycle.close(times);
    thread.stopSync(times);
  };
  return Object.assign(lifecycle.handleOf(info), {
    closeSync,
    [Symbol.dispose]: () => closeSync(),
  });
}

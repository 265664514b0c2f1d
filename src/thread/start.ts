import { Deadline } from "../gather/deadline.ts";
import type { RegistryLister } from "../gather/registries.ts";
import { MAX_TIMER_MS, requireNumber } from "../require.ts";
import type {
  HttpServerInfo,
  ServerControls,
  UnixServerInfo,
} from "../server/handle.ts";
import { GRACE_MS, unlessAborted } from "../server/lifecycle.ts";
import { ACTION } from "../server/refuse.ts";
import type { Registry } from "../types.ts";
import {
  type PlacedDiscovery,
  sendDiscovery,
  type SentDiscovery,
} from "./discovery.ts";
import {
  readThreadOptions,
  type StartThreadedHttpServerOptions,
  type StartThreadedUnixServerOptions,
} from "./options.ts";
import {
  ServerThread,
  START_MS,
  type ThreadedServerInfo,
} from "./server_thread.ts";

/**
 * What can be done with a metrics server on a thread of its own.
 *
 * @example Closing where nothing can be awaited
 * ```ts
 * import { startHttpServerInThreadSync, type ThreadedServerControls } from "@prometheus-async/prometheus-async";
 * import { register } from "prom-client";
 *
 * const server: ThreadedServerControls = startHttpServerInThreadSync({
 *   addr: "127.0.0.1",
 *   registry: register,
 * });
 * server.closeSync(1000);
 * ```
 */
export interface ThreadedServerControls extends ServerControls, Disposable {
  /**
   * Closes the server as `close()` does, and blocks this thread until that is
   * done: for programs that never turn the event loop.
   *
   * Service discovery that runs on the main thread is told to deregister, but
   * cannot be waited for.
   *
   * @param grace How long to wait, in milliseconds; two seconds later it returns
   * in any case. Default: 10 000.
   * @throws {TypeError} If `grace` is no number.
   * @throws {RangeError} If it is not from 0 to 2 ** 31 - 1.
   */
  closeSync(grace?: number): void;
}

/**
 * A metrics server on a thread of its own, on an address.
 *
 * @example A scrape while the main thread is busy
 * ```ts
 * import { startHttpServerInThread, type ThreadedMetricsHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const server: ThreadedMetricsHttpServer = await startHttpServerInThread({
 *   addr: "127.0.0.1",
 * });
 * const scrape = await fetch(server.metricsUrl);
 * const text = await scrape.text();
 * await server.close();
 * if (!text.includes("prometheus_async_main_thread_responsive")) {
 *   throw new Error(text);
 * }
 * ```
 */
export interface ThreadedMetricsHttpServer
  extends HttpServerInfo, ThreadedServerControls {}

/**
 * A metrics server on a thread of its own, on a unix socket.
 *
 * @example A server for a sidecar
 * ```ts
 * import { startHttpServerInThread, type ThreadedMetricsUnixServer } from "@prometheus-async/prometheus-async";
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 *
 * const folder = await mkdtemp(join(tmpdir(), "metrics-"));
 * const server: ThreadedMetricsUnixServer = await startHttpServerInThread({
 *   unix: join(folder, "metrics.sock"),
 * });
 * await server.close();
 * await rm(folder, { recursive: true });
 * if (server.url !== null) throw new Error("never");
 * ```
 */
export interface ThreadedMetricsUnixServer
  extends UnixServerInfo, ThreadedServerControls {}

/**
 * A metrics server on a thread of its own, wherever it listens.
 *
 * @example Saying where a server is, whatever it listens on
 * ```ts
 * import { startHttpServerInThread, type ThreadedMetricsServer } from "@prometheus-async/prometheus-async";
 *
 * const place = (server: ThreadedMetricsServer) =>
 *   server.metricsUrl ?? server.socket.path;
 * const server = await startHttpServerInThread({ addr: "127.0.0.1" });
 * await server.close();
 * if (!place(server).startsWith("http://127.0.0.1:")) throw new Error("moved");
 * ```
 */
export type ThreadedMetricsServer =
  | ThreadedMetricsHttpServer
  | ThreadedMetricsUnixServer;

/**
 * Starts a metrics server on a thread of its own, which answers while the main
 * thread is blocked, however long, with the values of that moment.
 *
 * Counters, gauges and histograms of `prom-client` and of
 * `@prometheus-io/client` are **live**: every update is in the next scrape, also
 * one that blocked code makes, also through a child from before the server
 * started, also of metrics and label sets that come up meanwhile. What a
 * `collect` function sets, summaries, and metrics of other makes are **last
 * known**: with every scrape the main thread is asked to collect, and where it
 * does not answer within `refreshTimeout` the scrape has what was found before.
 * While everything is live there is nothing to ask for: it is asked once in
 * a second at most, as long as it gives signs of life.
 * `prometheus_async_main_thread_responsive`,
 * `prometheus_async_main_thread_blocked_seconds`,
 * `prometheus_async_refresh_age_seconds` and
 * `prometheus_async_collector_age_seconds` tell, in every scrape.
 *
 * The options are those of `startHttpServer`; functions among them run on the
 * main thread. The server keeps no process alive. If its thread ends although
 * nobody has closed it, `onError` gets a {@linkcode ThreadError}; metrics then
 * are what they were without it.
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
 * // Whoever scrapes meanwhile sees the counter rise.
 * const end = performance.now() + 100;
 * while (performance.now() < end) rounds.inc();
 *
 * const text = await (await fetch(server.metricsUrl)).text();
 * const { value } = (await rounds.get()).values[0];
 * await server.close();
 * if (!text.includes(`\nrounds_total ${value}\n`)) throw new Error(text);
 * ```
 *
 * @param options Where to listen, what to serve, and to whom.
 * @returns The server, once it listens and is registered.
 * @throws What `startHttpServer` throws; what a function of `registry` throws, or
 * an `Error` if it has yielded nothing within 30 seconds. Then nothing is left
 * running.
 * @throws {ThreadError} If the thread cannot be started, ends meanwhile, or has
 * not listened and registered within 30 seconds.
 */
export function startHttpServerInThread(
  options?: StartThreadedHttpServerOptions,
): Promise<ThreadedMetricsHttpServer>;
/**
 * Starts a metrics server on a thread of its own, on a unix socket; all else is
 * as on an address.
 *
 * @example A folder that only some may enter
 * ```ts
 * import { startHttpServerInThread } from "@prometheus-async/prometheus-async";
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 *
 * const folder = await mkdtemp(join(tmpdir(), "metrics-"));
 * const server = await startHttpServerInThread({ unix: join(folder, "metrics.sock") });
 * await server.close();
 * await rm(folder, { recursive: true });
 * if (!server.socket.path.startsWith(folder)) throw new Error("elsewhere");
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
  const parts = readThreadOptions(options);
  const { registries, discovery, signal } = parts;
  signal?.throwIfAborted();
  const listed = registries.now?.() ??
    await inTime("registry", signal, registries());
  const sent = await inTime(
    "serviceDiscovery.token",
    signal,
    sendDiscovery(discovery),
  );
  const thread = new ServerThread(parts, listed, sent);
  try {
    const info = await unlessAborted(signal, thread.started());
    const begun = thread.lifecycle.begin(info, discovery.onMain, signal);
    await Promise.race([begun, thread.death]);
    return handleOf(info, thread);
  } catch (error) {
    await thread.lifecycle.close(0);
    throw error;
  }
}

/**
 * Does what {@linkcode startHttpServerInThread} does without turning the event
 * loop, for programs that never do: it blocks this thread until the server
 * listens, and is registered.
 *
 * Without `registry` a client must be loaded already, and service discovery must
 * be what runs on the thread. What asynchronous collectors find is not there
 * before the event loop turns, and how old it is neither.
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
 * @throws What {@linkcode startHttpServerInThread} rejects with.
 */
export function startHttpServerInThreadSync(
  options: StartThreadedHttpServerOptions,
): ThreadedMetricsHttpServer;
/**
 * Does the same on a unix socket.
 *
 * @example A folder that only some may enter
 * ```ts
 * import { startHttpServerInThreadSync } from "@prometheus-async/prometheus-async";
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { register } from "prom-client";
 *
 * const folder = await mkdtemp(join(tmpdir(), "metrics-"));
 * const server = startHttpServerInThreadSync({ unix: join(folder, "metrics.sock"), registry: register });
 * server.closeSync();
 * await rm(folder, { recursive: true });
 * if (!server.socket.path.startsWith(folder)) throw new Error("elsewhere");
 * ```
 *
 * @param options Where to listen, what to serve, and to whom.
 * @returns The server, which listens and is registered.
 */
export function startHttpServerInThreadSync(
  options: StartThreadedUnixServerOptions,
): ThreadedMetricsUnixServer;
export function startHttpServerInThreadSync(
  options: StartThreadedHttpServerOptions | StartThreadedUnixServerOptions,
): ThreadedMetricsServer {
  const parts = readThreadOptions(options);
  const { registries, signal } = parts;
  const discovery = discoveryNow(parts.discovery);
  signal?.throwIfAborted();
  const thread = new ServerThread(parts, listNow(registries), discovery);
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

/** Waits for what a function of the user's yields, but not for long. */
async function inTime<T>(
  option: string,
  signal: AbortSignal | undefined,
  given: T | Promise<T>,
): Promise<T> {
  if (!(given instanceof Promise)) return given;
  const yielded = unlessAborted(signal, given);
  if (await new Deadline(START_MS).waitFor(yielded)) return await yielded;
  throw new Error(
    `Cannot ${ACTION}: ${option} must yield within ${START_MS} ms, received ` +
      "nothing",
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

/** Lists the registries, which must be there at once. */
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
  info: ThreadedServerInfo,
  thread: ServerThread,
): ThreadedMetricsServer {
  thread.release();
  const { lifecycle } = thread;
  const closeSync = (grace: number = GRACE_MS) => {
    requireNumber("close metrics server", { grace }, 0, MAX_TIMER_MS);
    // It begins what only this thread can do, and finds the rest done later.
    void lifecycle.close(grace);
    thread.stopSync(grace);
  };
  return Object.assign(lifecycle.handleOf(info), {
    closeSync,
    [Symbol.dispose]: () => closeSync(),
  });
}

import { ScrapeHandler } from "../exposition/scrape_handler.ts";
import { loadRuntime } from "../runtime/detect.ts";
import { listen } from "../runtime/listen.ts";
import type { MetricsServerInfo } from "../types.ts";
import { reporter } from "../wrappers/report.ts";
import { authorizer } from "./auth.ts";
import { landingPage } from "./landing_page.ts";
import { Lifecycle } from "./lifecycle.ts";
import {
  readServerOptions,
  type StartHttpServerOptions,
  type StartUnixServerOptions,
} from "./options.ts";
import { serverRoutes } from "./routes.ts";
import { renewInBackground } from "./renewal.ts";
import { ScrapeLog } from "./scrape_log.ts";
import { infoOf } from "./server_info.ts";

/** A running metrics server, wherever it listens. */
export interface MetricsServer extends MetricsServerInfo, AsyncDisposable {
  /**
   * Whether service discovery knows the server. It stays `true` after a
   * deregistration that failed.
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
  /** Keeps the process alive while the server listens, as it does at first. */
  ref(): void;
  /** Lets the process end although the server listens. */
  unref(): void;
}

/**
 * A running metrics server on an address; {@linkcode startHttpServer} makes it.
 */
export interface MetricsHttpServer extends MetricsServer {
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
 * A running metrics server on a unix socket; {@linkcode startHttpServer} makes
 * it. URLs cannot name it.
 */
export interface MetricsUnixServer extends MetricsServer {
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
 * Starts an HTTP server for metrics, by `Deno.serve`, `Bun.serve` or
 * `node:http`.
 *
 * It serves the metrics under `/metrics`, a page for people under `/`, and under
 * `/-/healthy` 200 and nothing else. It prints nothing, installs no signal
 * handlers and reads no environment variables.
 *
 * The server keeps the process alive until it is closed, unless `unref()` is
 * called. Where the runtime has `await using` (Deno, Bun, Node from 24 on) that
 * closes it at the end of the block.
 *
 * @example Serving the metrics of an application
 * ```ts
 * import { startHttpServer } from "@prometheus-async/prometheus-async";
 * import { Counter } from "prom-client";
 *
 * new Counter({ name: "starts_total", help: "Starts" }).inc();
 *
 * const server = await startHttpServer({ addr: "127.0.0.1" });
 *
 * const response = await fetch(server.metricsUrl);
 * const text = await response.text();
 * await server.close();
 * if (!text.includes("starts_total 1")) throw new Error(text);
 * ```
 *
 * @example Letting in those with a token only
 * ```ts
 * import { startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const server = await startHttpServer({
 *   addr: "127.0.0.1",
 *   auth: { bearer: ["a-long-random-token"] },
 * });
 *
 * const stranger = await fetch(server.metricsUrl);
 * const scrape = await fetch(server.metricsUrl, {
 *   headers: { authorization: "Bearer a-long-random-token" },
 * });
 * await Promise.all([stranger.text(), scrape.text()]);
 * await server.close();
 * if (stranger.status !== 401 || !scrape.ok) throw new Error("let in");
 * ```
 *
 * @param options Where to listen, what to serve, and to whom.
 * @returns The server, once it listens and is registered.
 * @throws {TypeError} If an option is of the wrong type, such as a `registry`
 * that is none, or `tls` or `auth` have properties that are not known.
 * @throws {RangeError} If a number, a path or a credential is not what it may be.
 * @throws {ListenError} If the address cannot be listened on, for example
 * because the port is taken.
 * @throws {TlsError} If the credentials in `tls` cannot be used.
 * @throws {UnsupportedOptionError} If the runtime cannot do what is asked for.
 * @throws What `serviceDiscovery` throws, and the reason of a `signal` that
 * aborts before the server has started. Then nothing is left listening.
 */
export function startHttpServer(
  options?: StartHttpServerOptions,
): Promise<MetricsHttpServer>;
/**
 * Starts an HTTP server for metrics on a unix socket; all else is as on an
 * address.
 *
 * @param options Where to listen, what to serve, and to whom.
 * @returns The server, once it listens and is registered.
 */
export function startHttpServer(
  options: StartUnixServerOptions,
): Promise<MetricsUnixServer>;
export async function startHttpServer(
  options: StartHttpServerOptions | StartUnixServerOptions = {},
): Promise<MetricsServer> {
  const settings = readServerOptions(options);
  const { path, tls, signal, serviceDiscovery, handler } = settings;
  signal?.throwIfAborted();
  const { onError } = handler;
  const scrapeHandler = new ScrapeHandler(handler);
  const log = new ScrapeLog();
  const authorize = settings.auth === undefined
    ? undefined
    : await authorizer(settings.auth);
  const credentials = await tls?.read();
  const { name, version } = await loadRuntime();
  const listener = await listen({
    address: settings.address,
    handler: serverRoutes({
      path,
      scrapeHandler,
      log,
      authorize,
      report: reporter("answer request", onError),
      landingPage: () =>
        landingPage({
          path,
          log,
          runtime: `${name} ${version}`,
          isDefaultRegistry: handler.registry === undefined,
          registries: () => scrapeHandler.registries(),
        }),
    }),
    tls: credentials,
    isRenewable: tls?.reloadInterval !== undefined,
    limits: settings.limits,
  });
  const lifecycle = new Lifecycle(listener, onError);
  const info = infoOf(listener.address, path, tls !== undefined);
  try {
    signal?.throwIfAborted();
    if (serviceDiscovery) {
      const registered = lifecycle.register(serviceDiscovery, info);
      await unlessAborted(signal, registered);
    }
  } catch (error) {
    await lifecycle.close(0);
    throw error;
  }
  if (tls && credentials) {
    const report = reporter("renew TLS credentials", onError);
    lifecycle.onClose(renewInBackground(tls, credentials, listener, report));
  }
  if (signal) lifecycle.closeOn(signal);
  const close = (grace?: number) => lifecycle.close(grace);
  return {
    ...info,
    get isRegistered() {
      return lifecycle.isRegistered;
    },
    close,
    ref: () => listener.ref(),
    unref: () => listener.unref(),
    [Symbol.asyncDispose]: () => close(),
  };
}

/**
 * Waits for something, but no longer than until a signal aborts.
 *
 * @throws The signal's reason, if it has aborted in the end.
 */
async function unlessAborted(
  signal: AbortSignal | undefined,
  done: Promise<void>,
): Promise<void> {
  if (signal === undefined) return await done;
  const aborted = Promise.withResolvers<void>();
  const abort = () => aborted.resolve();
  signal.addEventListener("abort", abort, { once: true });
  try {
    if (!signal.aborted) await Promise.race([done, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    done.catch(() => {});
  }
  signal.throwIfAborted();
}

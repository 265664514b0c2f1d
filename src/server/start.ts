import { describe } from "../describe.ts";
import { metricsHandler } from "../exposition/handler.ts";
import type { MetricsHandlerOptions } from "../exposition/options.ts";
import { listen } from "../runtime/listen.ts";
import type { Listener } from "../runtime/types.ts";
import { HEALTH_PATH, METRICS_PATH, serverRoutes } from "./routes.ts";

/**
 * Options for {@linkcode startHttpServer}: where to listen, and those of the
 * handler that serves the metrics.
 */
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
  /**
   * Whether metrics about the scrapes themselves are served, too; see
   * {@linkcode MetricsHandlerOptions.ownMetrics}.
   *
   * @default {true}
   */
  ownMetrics?: boolean;
}

/** A running metrics server; {@linkcode startHttpServer} makes it. */
export interface MetricsHttpServer extends AsyncDisposable {
  /** The address and port that are listened on, as the system bound them. */
  readonly socket: { readonly addr: string; readonly port: number };
  /** Whether the server speaks TLS. */
  readonly https: boolean;
  /** The root, with its slash; a server on all interfaces names loopback. */
  readonly url: string;
  /** Where Prometheus scrapes. */
  readonly metricsUrl: string;
  /** Where health checks ask; it answers 200 and nothing else. */
  readonly healthUrl: string;
  /**
   * Stops listening and waits for the scrapes in flight. Calling it again
   * returns the same promise.
   */
  close(): Promise<void>;
}

/**
 * Starts an HTTP server that serves metrics under `/metrics`, by
 * `Deno.serve`, `Bun.serve` or `node:http`.
 *
 * The server keeps the process alive until it is closed. Where the runtime has
 * `await using` (Deno, Bun, Node from 24 on) that closes it at the end of the
 * block.
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
 * @param options Where to listen and what to serve.
 * @returns The server, once it is listening.
 * @throws {TypeError} If an option is of the wrong type, such as a `registry`
 * that is none.
 * @throws {RangeError} If `port` is not an integer from 0 to 65535, or another
 * number out of its range.
 * @throws {ListenError} If the address cannot be listened on, for example
 * because the port is taken.
 */
export async function startHttpServer(
  options: StartHttpServerOptions = {},
): Promise<MetricsHttpServer> {
  const { addr = "", port = 0, ownMetrics = true, ...rest } = options;
  requireAddr(addr);
  requirePort(port);
  const handler = serverRoutes(metricsHandler({ ownMetrics, ...rest }));
  return toServer(await listen({ hostname: addr, port, handler }));
}

function toServer(listener: Listener): MetricsHttpServer {
  const { addr, port } = listener;
  const urlOf = (path: string) =>
    new URL(path, `http://${reachableHost(addr)}:${port}`).href;
  let closed: Promise<void> | undefined;
  const close = () => closed ??= listener.stop();
  return {
    socket: { addr, port },
    https: false,
    url: urlOf("/"),
    metricsUrl: urlOf(METRICS_PATH),
    healthUrl: urlOf(HEALTH_PATH),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * A wildcard address is no destination, and loopback is listened on with it. An
 * IPv6 address may have a zone, which URLs do not have.
 */
function reachableHost(addr: string): string {
  if (addr === "0.0.0.0" || addr === "::") return "127.0.0.1";
  return addr.includes(":") ? `[${addr.replace(/%.*/, "")}]` : addr;
}

function requireAddr(addr: unknown): void {
  // Node takes anything else for all interfaces.
  if (typeof addr === "string") return;
  throw new TypeError(
    "Cannot start metrics server: addr must be a string, " +
      `received ${describe(addr)}`,
  );
}

function requirePort(port: unknown): void {
  const requirement = "Cannot start metrics server: " +
    `port must be an integer from 0 to 65535, received ${describe(port)}`;
  if (typeof port !== "number") throw new TypeError(requirement);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(requirement);
  }
}

/** Errors that callers are meant to catch; a `code` stays when messages change. */

import { messageOf, quote, visible } from "./base/describe.ts";

/**
 * A server could not listen on its address. The class is the same on all runtimes,
 * so that a program can try another port.
 *
 * @example Taking another port when the first is in use
 * ```ts
 * import { ListenError, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const addr = "127.0.0.1";
 * const first = await startHttpServer({ addr });
 * const second = await startHttpServer({ addr, port: first.socket.port })
 *   .catch((error) => {
 *     if (error instanceof ListenError && error.code === "EADDRINUSE") {
 *       return startHttpServer({ addr });
 *     }
 *     throw error;
 *   });
 * await Promise.all([first.close(), second.close()]);
 * if (second.url === first.url) throw new Error("the same port twice");
 * ```
 */
export class ListenError extends Error {
  /** The requested address, empty for all interfaces; or the socket's file. */
  readonly addr: string;
  /** The requested port; `undefined` for a unix socket. */
  readonly port: number | undefined;
  /**
   * The system's name for the failure: `"EADDRINUSE"` for a port or a unix socket
   * that another server has, `"EADDRNOTAVAIL"` for an address of another machine,
   * `"ENOENT"` for a unix socket in a folder that is not there.
   * For rarer failures the runtimes differ, and some give none.
   */
  readonly code: string | undefined;

  /** Makes the error. */
  constructor(
    { addr, port, code, cause }:
      & Pick<ListenError, "addr" | "port" | "code">
      & ErrorOptions,
  ) {
    const place = port === undefined
      ? `unix socket ${quote(addr)}`
      : `address ${quote(addr)}, port ${port}`;
    super(`Cannot listen on ${place}: ${visible(code ?? messageOf(cause))}`, {
      cause,
    });
    this.name = "ListenError";
    this.addr = addr;
    this.port = port;
    this.code = code;
  }
}

/**
 * TLS credentials cannot be used: a certificate or a key cannot be loaded, they do
 * not belong together, or the runtime's TLS library can show them to no client; then
 * the message has its reason. It shows nothing of the credentials.
 *
 * @example Finding out that credentials cannot be used
 * ```ts
 * import { startHttpServer, TlsError } from "@prometheus-async/prometheus-async";
 *
 * const error = await startHttpServer({
 *   addr: "127.0.0.1",
 *   tls: { cert: "no certificate", key: "no key" },
 * }).catch((error) => error);
 * if (!(error instanceof TlsError)) throw error;
 * ```
 */
export class TlsError extends Error {
  /** `"ERR_TLS"`. */
  readonly code: string = "ERR_TLS";

  /** Makes the error. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TlsError";
  }
}

/**
 * The runtime cannot do what an option of a server asks for. Nothing was started:
 * no option is left out silently.
 *
 * @example Doing without what a runtime cannot do
 * ```ts
 * import { startHttpServer, UnsupportedOptionError } from "@prometheus-async/prometheus-async";
 *
 * const addr = "127.0.0.1";
 * const server = await startHttpServer({ addr, headerTimeout: 5000 })
 *   .catch((error) => {
 *     if (!(error instanceof UnsupportedOptionError)) throw error;
 *     console.warn(`${error.runtime} cannot do ${error.option}`);
 *     return startHttpServer({ addr });
 *   });
 * await server.close();
 * ```
 */
export class UnsupportedOptionError extends Error {
  /** `"ERR_UNSUPPORTED_OPTION"`. */
  readonly code: string = "ERR_UNSUPPORTED_OPTION";
  /** The option, as in `"tls.certFile"`. */
  readonly option: string;
  /** The runtime's name. */
  readonly runtime: string;

  /** Makes the error. */
  constructor(
    { option, runtime, requirement, received, wayOut }: Record<
      "option" | "runtime" | "requirement" | "received" | "wayOut",
      string
    >,
  ) {
    super(
      `Cannot start metrics server on ${runtime}: ${option} must be ` +
        `${requirement}, received ${received}; ${wayOut}`,
    );
    this.name = "UnsupportedOptionError";
    this.option = option;
    this.runtime = runtime;
  }
}

/**
 * A Consul agent did not do what it was asked for. The message has the agent's
 * words, and nothing of tokens and keys.
 *
 * @example A token that may not register
 * ```ts
 * import { ConsulAgent, ConsulError, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const serviceDiscovery = new ConsulAgent({
 *   address: "http://127.0.0.1:8500",
 *   token: "",
 *   fetch: async () => new Response("Permission denied", { status: 403 }),
 * });
 * const error = await startHttpServer({ addr: "127.0.0.1", serviceDiscovery })
 *   .catch((error) => error);
 * if (!(error instanceof ConsulError) || error.status !== 403) throw error;
 * ```
 */
export class ConsulError extends Error {
  /** `"ERR_CONSUL"`. */
  readonly code: string = "ERR_CONSUL";
  /** The agent's address. */
  readonly agent: string;
  /**
   * The status of the answer: 403 if the token is not allowed to do that, 400 if
   * the agent does not know what was asked for; `undefined` without an answer.
   */
  readonly status: number | undefined;

  /** Makes the error of an action, as in `register service "web"`. */
  constructor({ action, agent, reason, status, ...options }: {
    action: string;
    agent: string;
    reason: string;
    status?: number;
    cause?: unknown;
  }) {
    super(
      `Cannot ${action} with Consul agent ${quote(agent)}: ${reason}`,
      options,
    );
    this.name = "ConsulError";
    this.agent = agent;
    this.status = status;
  }
}

/**
 * The thread of a metrics server could not be started, or ended before the server
 * was closed.
 *
 * In the second case `onError` gets it: from then on nothing is served, and the
 * metrics are as they were without a server.
 *
 * @example Starting another server when the thread has ended
 * ```ts
 * import { startHttpServerInThread, ThreadError } from "@prometheus-async/prometheus-async";
 *
 * const server = await startHttpServerInThread({
 *   addr: "127.0.0.1",
 *   onError(error) {
 *     if (error instanceof ThreadError) console.error("start another one");
 *   },
 * });
 * await server.close();
 * ```
 */
export class ThreadError extends Error {
  /** `"ERR_THREAD"`. */
  readonly code: string = "ERR_THREAD";
  /** The thread's exit code, if it has ended. */
  readonly exitCode: number | undefined;

  /** Makes the error. */
  constructor({ message, exitCode, ...options }: {
    message: string;
    exitCode?: number;
    cause?: unknown;
  }) {
    super(message, options);
    this.name = "ThreadError";
    this.exitCode = exitCode;
  }
}

/**
 * A metric could not be gathered, or only in part; the scrape went on without it.
 * `onError` of a metrics handler gets it.
 *
 * @example Learning of a collector that fails
 * ```ts
 * import { CollectorError, metricsHandler } from "@prometheus-async/prometheus-async";
 * import { Gauge, Registry } from "prom-client";
 *
 * const registry = new Registry();
 * new Gauge({
 *   name: "queue_length",
 *   help: "Jobs that wait",
 *   registers: [registry],
 *   collect: () => Promise.reject(new Error("the queue is gone")),
 * });
 * let failed: string | undefined;
 * const handler = metricsHandler({
 *   registry,
 *   onError(error) {
 *     if (error instanceof CollectorError) failed = error.collector;
 *   },
 * });
 * const { status } = await handler(new Request("http://localhost/metrics"));
 * if (status !== 200 || failed !== "queue_length") throw new Error("not told");
 * ```
 */
export class CollectorError extends Error {
  /** `"ERR_COLLECTOR"`. */
  readonly code: string = "ERR_COLLECTOR";
  /** The name of the metric. */
  readonly collector: string;
  /**
   * The kind of failure: the collector threw, or yielded no metric or values that
   * are no numbers (`"error"`, see `cause`), it took longer than the scrape had
   * (`"timeout"`), another metric has the same name and another type or help, or
   * samples of the same names as the format writes them (`"conflict"`), or some of
   * its label sets came twice and were left out (`"duplicate"`).
   */
  readonly failure: "error" | "timeout" | "conflict" | "duplicate";

  /** Makes the error. */
  constructor(
    { collector, failure, message, ...options }:
      & Pick<CollectorError, "collector" | "failure" | "message">
      & ErrorOptions,
  ) {
    super(message, options);
    this.name = "CollectorError";
    this.collector = collector;
    this.failure = failure;
  }
}

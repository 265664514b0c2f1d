/**
 * Errors that callers are meant to catch.
 *
 * @module
 */

/**
 * What a {@linkcode ListenError} is made from.
 *
 * @example The error of a server of your own
 * ```ts
 * import { ListenError } from "@prometheus-async/prometheus-async";
 *
 * const error = new ListenError({
 *   addr: "127.0.0.1",
 *   port: 80,
 *   code: "EACCES",
 *   cause: new Error("permission denied"),
 * });
 * if (!error.message.includes("port 80")) throw error;
 * ```
 */
export interface ListenErrorOptions {
  /**
   * The address that was asked for, empty for all interfaces; the file of a
   * unix socket.
   */
  addr: string;
  /** The port that was asked for; `undefined` for a unix socket. */
  port: number | undefined;
  /** The system's name for the failure, such as `"EADDRINUSE"`. */
  code: string | undefined;
  /** What the runtime threw. */
  cause: unknown;
}

/**
 * A server could not listen on its address.
 *
 * The runtimes throw errors of different classes; this one is the same on all of
 * them, so that a program can try another port.
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
  /**
   * The address that was asked for, empty for all interfaces; the file of a
   * unix socket.
   */
  readonly addr: string;
  /** The port that was asked for; `undefined` for a unix socket. */
  readonly port: number | undefined;
  /**
   * The system's name for the failure. A port that is taken is `"EADDRINUSE"`,
   * an address of another machine `"EADDRNOTAVAIL"`, on every runtime, and so is
   * the file of a unix socket that another server has; for
   * rarer failures the runtimes differ, and some give none.
   */
  readonly code: string | undefined;

  /**
   * Makes the error and its message.
   *
   * @param options What was asked for and what came.
   */
  constructor(options: ListenErrorOptions) {
    const { addr, port, code, cause } = options;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const place = port === undefined
      ? `unix socket "${addr}"`
      : `address "${addr}", port ${port}`;
    super(`Cannot listen on ${place}: ${code ?? reason}`, { cause });
    this.name = "ListenError";
    this.addr = addr;
    this.port = port;
    this.code = code;
  }
}

/**
 * TLS credentials of a server cannot be used: a certificate or a key that cannot
 * be read, or that do not belong together. Its message has nothing of them.
 *
 * @example Starting without TLS is for you to decide
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
  /**
   * Makes the error.
   *
   * @param message What was wanted and what came.
   * @param options What was thrown, as `cause`.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TlsError";
  }
}

/**
 * What an {@linkcode UnsupportedOptionError} is made from.
 *
 * @example What such an error says
 * ```ts
 * import { UnsupportedOptionError } from "@prometheus-async/prometheus-async";
 *
 * const error = new UnsupportedOptionError({
 *   option: "idleTimeout",
 *   runtime: "Bun",
 *   requirement: "at most 255 000",
 *   received: "300000",
 *   wayOut: "leave it out",
 * });
 * if (!error.message.includes("leave it out")) throw error;
 * ```
 */
export interface UnsupportedOptionErrorOptions {
  /** The option, as in `"tls.certFile"`. */
  option: string;
  /** The runtime's name. */
  runtime: string;
  /** What the option must be there. */
  requirement: string;
  /** What it was, for people. */
  received: string;
  /** What to do instead. */
  wayOut: string;
}

/**
 * The runtime cannot do what an option of a server asks for. Nothing was
 * started: no option is ever left out silently.
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
  /** The option, as in `"tls.certFile"`. */
  readonly option: string;
  /** The runtime's name. */
  readonly runtime: string;

  /**
   * Makes the error and its message.
   *
   * @param options What was asked for, of whom, and the way out.
   */
  constructor(options: UnsupportedOptionErrorOptions) {
    const { option, runtime, requirement, received, wayOut } = options;
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
 * What a {@linkcode ConsulError} is made from.
 *
 * @example The error of an agent of your own
 * ```ts
 * import { ConsulError } from "@prometheus-async/prometheus-async";
 *
 * const error = new ConsulError({
 *   action: 'register service "shop"',
 *   agent: "http://127.0.0.1:8500",
 *   reason: "response status is 403",
 *   status: 403,
 * });
 * if (!error.message.includes("403")) throw error;
 * ```
 */
export interface ConsulErrorOptions {
  /** What could not be done, such as `register service "web"`. */
  action: string;
  /** The agent's address. */
  agent: string;
  /** What was wanted and what came, for people. */
  reason: string;
  /** The status of its answer, if there was one. */
  status?: number;
  /** What was thrown, if there was no answer. */
  cause?: unknown;
}

/**
 * A Consul agent has not done what it was asked for.
 *
 * Its message has the agent's own words, and nothing of tokens and keys.
 *
 * @example A token that may not register
 * ```ts
 * import { ConsulAgent, ConsulError, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const fetch = () =>
 *   Promise.resolve(new Response("Permission denied", { status: 403 }));
 * const error = await startHttpServer({
 *   addr: "127.0.0.1",
 *   serviceDiscovery: new ConsulAgent({
 *     address: "http://127.0.0.1:8500",
 *     token: "",
 *     fetch,
 *   }),
 * }).catch((error) => error);
 * if (!(error instanceof ConsulError) || error.status !== 403) throw error;
 * ```
 */
export class ConsulError extends Error {
  /** The agent's address. */
  readonly agent: string;
  /**
   * The status of its answer: 403 where the token may not do that, 400 where the
   * agent does not know what was asked for. `undefined` if there was none.
   */
  readonly status: number | undefined;

  /**
   * Makes the error and its message.
   *
   * @param options What was wanted of whom, and what came.
   */
  constructor(options: ConsulErrorOptions) {
    const { action, agent, reason, status } = options;
    super(
      `Cannot ${action} with Consul agent ${JSON.stringify(agent)}: ${reason}`,
      "cause" in options ? { cause: options.cause } : undefined,
    );
    this.name = "ConsulError";
    this.agent = agent;
    this.status = status;
  }
}

/**
 * What a {@linkcode ThreadError} is made from.
 *
 * @example What such an error knows
 * ```ts
 * import { ThreadError } from "@prometheus-async/prometheus-async";
 *
 * const error = new ThreadError({
 *   message: "Cannot go on: the thread must run, received its end",
 *   exitCode: 1,
 * });
 * if (error.exitCode !== 1) throw error;
 * ```
 */
export interface ThreadErrorOptions {
  /** What was wanted and what came, for people. */
  message: string;
  /** What the thread has ended with, if it has. */
  exitCode?: number;
  /** What was thrown in the thread, if that is known. */
  cause?: unknown;
}

/**
 * The thread of a metrics server could not be started, or has ended although
 * nobody has closed the server.
 *
 * When it has ended, `onError` gets it: nothing is served from then on, and the
 * metrics are what they were without a server.
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
  /** What the thread has ended with, if it has. */
  readonly exitCode: number | undefined;

  /**
   * Makes the error.
   *
   * @param options What was wanted, and what came.
   */
  constructor(options: ThreadErrorOptions) {
    const { message, exitCode } = options;
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "ThreadError";
    this.exitCode = exitCode;
  }
}

/**
 * Why a collector's family is not, or not wholly, in a scrape.
 *
 * @example Which failures are an alarm
 * ```ts
 * import type { CollectorFailure } from "@prometheus-async/prometheus-async";
 *
 * const isAlarm: Record<CollectorFailure, boolean> = {
 *   error: true,
 *   timeout: true,
 *   conflict: false,
 *   duplicate: false,
 * };
 * if (!isAlarm.timeout) throw new Error("never");
 * ```
 */
export type CollectorFailure = "error" | "timeout" | "conflict" | "duplicate";

/**
 * What a {@linkcode CollectorError} is made from.
 *
 * @example The error of a collector of your own
 * ```ts
 * import { CollectorError } from "@prometheus-async/prometheus-async";
 *
 * const error = new CollectorError({
 *   collector: "queue_length",
 *   failure: "timeout",
 *   message: "Cannot gather queue_length: the queue has not answered",
 * });
 * if (error.failure !== "timeout") throw error;
 * ```
 */
export interface CollectorErrorOptions {
  /** The name of the metric. */
  collector: string;
  /** What went wrong. */
  failure: CollectorFailure;
  /** What was wanted and what came, for people. */
  message: string;
  /** What the collector threw, if it did. */
  cause?: unknown;
}

/**
 * A metric could not be gathered, or not wholly; the scrape went on without it.
 *
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
 *   collect() {
 *     throw new Error("the queue is gone");
 *   },
 * });
 * const failed: string[] = [];
 * const handler = metricsHandler({
 *   registry,
 *   onError(error) {
 *     if (error instanceof CollectorError) failed.push(error.collector);
 *   },
 * });
 * const response = await handler(new Request("http://localhost/metrics"));
 * if (response.status !== 200 || failed[0] !== "queue_length") {
 *   throw new Error("not told");
 * }
 * ```
 */
export class CollectorError extends Error {
  /** The name of the metric. */
  readonly collector: string;
  /**
   * What went wrong: the collector threw or yielded what is no metric
   * (`"error"`, see `cause`), it took longer than the scrape had (`"timeout"`),
   * another metric has the same name and another type or help (`"conflict"`), or
   * some of its label sets came twice and were left out (`"duplicate"`).
   */
  readonly failure: CollectorFailure;

  /**
   * Makes the error.
   *
   * @param options What failed, and why.
   */
  constructor(options: CollectorErrorOptions) {
    const { collector, failure, message } = options;
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "CollectorError";
    this.collector = collector;
    this.failure = failure;
  }
}

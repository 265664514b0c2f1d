/**
 * Errors that callers are meant to catch.
 *
 * @module
 */

/** What a {@linkcode ListenError} is made from. */
export interface ListenErrorOptions {
  /** The address that was asked for; empty for all interfaces. */
  addr: string;
  /** The port that was asked for. */
  port: number;
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
  /** The address that was asked for; empty for all interfaces. */
  readonly addr: string;
  /** The port that was asked for. */
  readonly port: number;
  /**
   * The system's name for the failure. A port that is taken is `"EADDRINUSE"`,
   * an address of another machine `"EADDRNOTAVAIL"`, on every runtime; for
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
    super(
      `Cannot listen on address "${addr}", port ${port}: ${code ?? reason}`,
      { cause },
    );
    this.name = "ListenError";
    this.addr = addr;
    this.port = port;
    this.code = code;
  }
}

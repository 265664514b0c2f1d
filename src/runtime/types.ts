/**
 * What the rest of the package asks of a runtime.
 *
 * @module
 */

/** Options for {@linkcode Runtime.listen}. */
export interface ListenOptions {
  /** The address to bind; `"::"` is every interface. */
  hostname: string;
  /** The port to bind; 0 lets the system choose. */
  port: number;
  /** Answers every request. */
  handler: (request: Request) => Response | Promise<Response>;
}

/** A socket that is being listened on. */
export interface Listener {
  /** The address that was bound. */
  readonly addr: string;
  /** The port that was bound. */
  readonly port: number;
  /** Stops listening; settles when the requests in flight were answered. */
  stop(): Promise<void>;
}

/** One runtime's way of doing what differs between them. */
export interface Runtime {
  /**
   * Binds a socket and serves HTTP on it.
   *
   * Settles once the socket is bound; rejects with what the runtime throws when
   * it cannot be.
   */
  listen(options: ListenOptions): Promise<Listener>;
}

import { MAX_TIMER_MS, requireNumber } from "../require.ts";
import type { Listener } from "../runtime/types.ts";
import type {
  DiscoveryContext,
  MetricsServerInfo,
  ServiceDiscovery,
} from "../types.ts";
import { type Report, reporter } from "../wrappers/measurement.ts";
import type { DiscoveryStatus } from "./discovery_status.ts";
import type {
  HttpServerInfo,
  ServerControls,
  UnixServerInfo,
} from "./handle.ts";

/** How long `close()` waits unless it is told otherwise, in milliseconds. */
export const GRACE_MS = 10_000;

/** The time of a server from when it listens to when it is closed. */
export class Lifecycle {
  readonly #listener: Pick<Listener, "stop" | "cut">;
  readonly #status: DiscoveryStatus;
  readonly #reportDiscovery: Report;
  readonly #reportDeregistration: Report;
  readonly #reportClosing: Report;
  /** Aborts when the server begins to close. */
  readonly #closing = new AbortController();
  readonly #graceOver = Promise.withResolvers<void>();
  #deregister: (() => Promise<void>) | undefined;
  #closed: Promise<void> | undefined;
  #isOver = false;

  /**
   * Takes a server that listens.
   *
   * @param status Is told how service discovery goes.
   * @param onError Takes what goes wrong in service discovery, and while closing.
   */
  constructor(
    listener: Pick<Listener, "stop" | "cut">,
    status: DiscoveryStatus,
    onError: ((error: unknown) => void) | undefined,
  ) {
    this.#listener = listener;
    this.#status = status;
    this.#reportDiscovery = reporter("keep metrics server registered", onError);
    this.#reportDeregistration = reporter("deregister metrics server", onError);
    this.#reportClosing = reporter("close metrics server", onError);
  }

  /** Makes the part of a server's handle that is the same on every thread. */
  handleOf<Info extends HttpServerInfo | UnixServerInfo>(
    info: Info,
  ): Info & ServerControls {
    const status = this.#status;
    return {
      ...info,
      get isRegistered() {
        return status.isRegistered;
      },
      close: (grace) => this.close(grace),
      [Symbol.asyncDispose]: () => this.close(),
    };
  }

  /** Has something done when the server begins to close. */
  onClose(cleanup: () => void): void {
    this.#closing.signal.addEventListener("abort", cleanup, { once: true });
  }

  /**
   * Begins the time of a server that listens: registers it, and closes it when a
   * signal aborts. If that fails, or the signal has aborted meanwhile, the server
   * is closed.
   *
   * @throws What service discovery throws; `TypeError` if it yields what cannot
   * deregister; the signal's reason.
   */
  async begin(
    server: MetricsServerInfo,
    serviceDiscovery?: ServiceDiscovery,
    signal?: AbortSignal,
  ): Promise<void> {
    try {
      signal?.throwIfAborted();
      if (serviceDiscovery && !this.#closed) {
        const registered = this.#register(serviceDiscovery, server);
        await unlessAborted(signal, registered);
      }
    } catch (error) {
      await this.close(0);
      throw error;
    }
    if (signal) this.closeOn(signal);
  }

  /** Closes the server when a signal aborts. */
  closeOn(signal: AbortSignal): void {
    if (this.#closed) return;
    const close = () => void this.close();
    if (signal.aborted) return close();
    signal.addEventListener("abort", close, { once: true });
    this.onClose(() => signal.removeEventListener("abort", close));
  }

  /**
   * Registers the server; if it closes meanwhile, it is deregistered as soon as
   * it is registered.
   */
  async #register(
    discovery: ServiceDiscovery,
    server: MetricsServerInfo,
  ): Promise<void> {
    let isTold = false;
    // A copy: what is done to it must not show in the server's handle.
    const info = { ...server, socket: { ...server.socket } };
    const context: DiscoveryContext = {
      onError: (error) => {
        this.#status.addFailure();
        this.#reportDiscovery(error);
      },
      onChange: (isRegistered) => {
        isTold = true;
        // Nobody can be registered who is gone.
        if (isRegistered && this.#isOver) return;
        this.#status.isRegistered = Boolean(isRegistered);
      },
    };
    const deregister = await discovery.register(info, context);
    if (deregister === null) return;
    if (typeof deregister !== "function") {
      throw new TypeError(
        "Cannot register metrics server: serviceDiscovery.register() must " +
          `yield a function or null, received ${typeof deregister}`,
      );
    }
    if (!isTold) this.#status.isRegistered = true;
    this.#deregister = async () => {
      await deregister();
      if (!isTold) this.#status.isRegistered = false;
    };
    if (this.#closed) await this.#deregistered();
  }

  /**
   * Closes the server; a further call may shorten the time that it takes.
   * Rejects only if `grace` is none.
   */
  close(grace: number = GRACE_MS): Promise<void> {
    try {
      requireNumber("close metrics server", { grace }, 0, MAX_TIMER_MS);
    } catch (error) {
      return Promise.reject(error);
    }
    const timer = setTimeout(this.#graceOver.resolve, grace);
    if (this.#closed === undefined) {
      // What closing calls may call this again.
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#closed = promise;
      resolve(this.#close());
    }
    // Left running, it would keep the process alive.
    void this.#closed.then(() => clearTimeout(timer));
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      this.#closing.abort();
      // First, so that nobody is sent to a server that is gone.
      if (!await this.#withinGrace(this.#deregistered())) {
        this.#reportDeregistration(
          new Error(
            "Cannot deregister metrics server: it must be done within the " +
              "grace of close(), received nothing",
          ),
        );
      }
      const stopped = this.#listener.stop();
      if (!await this.#withinGrace(stopped)) await this.#listener.cut();
    } catch (error) {
      this.#reportClosing(error);
    } finally {
      this.#isOver = true;
    }
  }

  /** Waits for something; yields whether it was done in time. */
  async #withinGrace(done: Promise<void>): Promise<boolean> {
    return await Promise.race([
      done.then(() => true),
      this.#graceOver.promise.then(() => false),
    ]);
  }

  /** Deregisters the server; that it fails keeps no socket open. */
  async #deregistered(): Promise<void> {
    const deregister = this.#deregister;
    if (deregister === undefined) return;
    try {
      await deregister();
      this.#deregister = undefined;
    } catch (error) {
      this.#status.addFailure();
      this.#reportDeregistration(error);
    }
  }
}

/**
 * Waits for something, but no longer than until a signal aborts.
 *
 * @throws The signal's reason, if it has aborted in the end.
 */
export async function unlessAborted<T>(
  signal: AbortSignal | undefined,
  done: Promise<T>,
): Promise<T> {
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
  return await done;
}

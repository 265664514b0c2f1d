import { check, number, type RulesFor } from "../base/rules.ts";
import { MAX_TIMER_MS, unlessAborted, waitFor } from "../runtime/wait.ts";
import type { Listener } from "../runtime/types.ts";
import type {
  DiscoveryContext,
  MetricsServerInfo,
  ServiceDiscovery,
} from "../types.ts";
import {
  type ActionReport,
  actionReporter,
  type Report,
} from "../base/report.ts";
import type { DiscoveryStatus } from "./discovery_status.ts";
import type {
  CloseOptions,
  ServerControls,
  ServerInfo,
} from "./metrics_server.ts";

/** The times of closing, in milliseconds. */
export type CloseTimes = Readonly<Required<CloseOptions>>;

const CLOSE_RULES: RulesFor<CloseTimes, keyof CloseTimes> = {
  grace: number(0, MAX_TIMER_MS, 10_000),
  untilScraped: number(0, MAX_TIMER_MS, 0),
};

/** Checks the argument of `close()`. */
export function parseClose(given: number | CloseOptions = {}): CloseTimes {
  const options = typeof given === "object" ? given : { grace: given };
  return check("close metrics server", "options", options, CLOSE_RULES);
}

/** A server that a lifecycle closes. */
export interface Closable extends Pick<Listener, "stop" | "cut"> {
  /** Settles when a scrape that begins from now on is answered. */
  scraped(): Promise<void>;
}

/** The time of a server from when it listens to when it is closed. */
export class Lifecycle {
  readonly #listener: Closable;
  readonly #status: DiscoveryStatus;
  readonly #report: ActionReport;
  /** Aborts when the server begins to close. */
  readonly #closing = new AbortController();
  readonly #graceOver = new AbortController();
  readonly #over: AbortController;
  #deregister: (() => Promise<void>) | undefined;
  #closed: Promise<void> | undefined;
  /** Settles when the server has been scraped once more. */
  #scraped: Promise<void> | undefined;
  readonly #scrapeOver = new AbortController();

  /**
   * Takes a server that listens.
   *
   * @param status Keeps the state in service discovery.
   * @param onError Takes failures of service discovery, and of closing.
   * @param over Is aborted when the server is closed.
   */
  constructor(
    listener: Closable,
    status: DiscoveryStatus,
    onError: Report | undefined,
    over: AbortController = new AbortController(),
  ) {
    this.#over = over;
    this.#listener = listener;
    this.#status = status;
    this.#report = actionReporter(onError);
  }

  /** Makes the part of a running server that is the same on every thread. */
  handleOf<Info extends ServerInfo>(info: Info): Info & ServerControls {
    const status = this.#status;
    return {
      ...info,
      get isRegistered() {
        return status.isRegistered;
      },
      close: (options) => this.close(options),
      [Symbol.asyncDispose]: () => this.close(),
    };
  }

  /** Calls a function when the server begins to close. */
  onClose(cleanup: () => void): void {
    this.#closing.signal.addEventListener("abort", cleanup, { once: true });
  }

  /**
   * Registers the server, and closes it when a signal aborts. If registering fails,
   * or the signal aborts meanwhile, the server is closed.
   *
   * @throws What service discovery throws; `TypeError` if it yields no function to
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

  /** Registers the server; if it closes meanwhile, deregisters it at once. */
  async #register(
    discovery: ServiceDiscovery,
    server: MetricsServerInfo,
  ): Promise<void> {
    let isTold = false;
    // A copy, so that service discovery cannot change the server's handle.
    const info = { ...server, socket: { ...server.socket } };
    const context: DiscoveryContext = {
      onError: (error) => {
        this.#status.addFailure();
        this.#report("keep metrics server registered", error);
      },
      onChange: (isRegistered) => {
        isTold = true;
        // A closed server is not registered, whatever comes late.
        if (isRegistered && this.#over.signal.aborted) return;
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
   * Closes the server; a further call may shorten the times. Rejects only if one is
   * out of range.
   */
  close(options?: number | CloseOptions): Promise<void> {
    let times: CloseTimes;
    try {
      times = parseClose(options);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#closed === undefined) {
      if (times.untilScraped > 0) this.#scraped = this.#listener.scraped();
      // Functions that closing calls may call this again.
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#closed = promise;
      resolve(this.#close());
    }
    void this.#limit(this.#closed, times);
    return this.#closed;
  }

  /** Ends the steps of closing when their times are over. */
  async #limit(
    closed: Promise<void>,
    { grace, untilScraped }: CloseTimes,
  ): Promise<void> {
    const { signal } = this.#scrapeOver;
    if (this.#scraped && untilScraped > 0 && !signal.aborted) {
      await waitFor(this.#scraped, { ms: untilScraped, signal });
    }
    this.#scrapeOver.abort();
    await waitFor(closed, { ms: grace });
    this.#graceOver.abort();
  }

  async #close(): Promise<void> {
    const { signal } = this.#graceOver;
    try {
      if (this.#scraped) {
        await waitFor(this.#scraped, { signal: this.#scrapeOver.signal });
      }
      this.#closing.abort();
      // First, so that no client is sent to a closed server.
      if (!await waitFor(this.#deregistered(), { signal })) {
        this.#report(
          "deregister metrics server",
          new Error(
            "Cannot deregister metrics server: it did not finish within the " +
              "grace period of close()",
          ),
        );
      }
      const stopped = this.#listener.stop();
      if (await waitFor(stopped, { signal })) await stopped;
      else {
        const cut = this.#listener.cut();
        // Bun 1.4.0 waits for scrapes whose clients have gone.
        this.#over.abort();
        await cut;
      }
    } catch (error) {
      this.#report("close metrics server", error);
    } finally {
      this.#over.abort();
    }
  }

  /** Deregisters the server; a failure must not keep the socket open. */
  async #deregistered(): Promise<void> {
    const deregister = this.#deregister;
    if (deregister === undefined) return;
    try {
      await deregister();
      this.#deregister = undefined;
    } catch (error) {
      this.#status.addFailure();
      this.#report("deregister metrics server", error);
    }
  }
}

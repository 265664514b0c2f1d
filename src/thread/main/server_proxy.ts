import { type Report, reporter } from "../../base/report.ts";
import type { ThreadReply } from "../../runtime/thread.ts";
import { MAX_TIMER_MS, waitFor } from "../../runtime/wait.ts";
import { DiscoveryStatus } from "../../server/discovery_status.ts";
import {
  type Closable,
  type CloseTimes,
  Lifecycle,
} from "../../server/lifecycle.ts";
import type { ServerInfo } from "../../server/metrics_server.ts";
import type { ServerSettings } from "../../server/server_options.ts";
import type { Registry } from "../../types.ts";
import {
  CONTROL,
  CONTROL_WORDS,
  type SentDiscovery,
  type ToMain,
  type ToThread,
} from "../protocol.ts";
import { fromSent } from "../sent_error.ts";
import { answerToken, sendDiscovery } from "./placed_discovery.ts";
import { Refresher } from "./refresher.ts";
import { ServerThread, START_MS } from "./server_thread.ts";
import {
  closeError,
  endError,
  refusedError,
  startError,
} from "./thread_errors.ts";
import type { ThreadedServerParts } from "./thread_options.ts";

/** How long a thread may take to close after the grace period, in milliseconds. */
const CUT_MS = 2000;

/** How long starting waits for the first run of collectors, in milliseconds. */
const FIRST_REFRESH_MS = 250;

/** The server's thread, as the main thread sees it. */
export class ServerProxy implements Closable {
  readonly #parts: ThreadedServerParts;
  readonly #control = new Int32Array(
    new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #refresher: Refresher;
  readonly #thread: ServerThread;
  readonly #report: Report;
  readonly #firstRefresh: Promise<void>;
  readonly #scraped = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<undefined>();
  readonly #death = Promise.withResolvers<never>();
  #hasStarted = false;
  #info: ServerInfo | undefined;
  #ending: Promise<void> | undefined;

  /** Rejects when the thread ends by itself. */
  readonly death: Promise<never> = this.#death.promise;
  readonly #status = new DiscoveryStatus(
    this.#control.subarray(CONTROL.discovery),
  );
  readonly lifecycle: Lifecycle;

  /** Mirrors registries, and starts a thread that serves them. */
  constructor(
    parts: ThreadedServerParts,
    listed: readonly Registry[],
    discovery: SentDiscovery | undefined,
  ) {
    const { onError } = parts;
    this.#parts = parts;
    this.lifecycle = new Lifecycle(this, this.#status, onError);
    this.#report = reporter("serve metrics on a thread", onError);
    this.#refresher = new Refresher(
      parts,
      listed,
      this.#control,
      (message) => this.#post(message),
    );
    // It may reject while nothing waits for it.
    this.death.catch(() => {});
    try {
      this.#thread = new ServerThread({
        entry: parts.entry,
        control: this.#control,
        status: this.#status,
        discovery,
        dataOf: (discovery) => ({
          settings: this.#boundSettings(),
          handover: this.#refresher.handover,
          control: this.#control,
          refreshTimeout: parts.refreshTimeout,
          discovery,
          hasOnError: onError !== undefined,
        }),
        ...parts.restartThread && {
          again: async () => await sendDiscovery(parts.discovery),
        },
        onMessage: (message) => this.#receive(message),
        onDeath: (code, error) => this.#die(code, error),
        report: this.#report,
      });
    } catch (error) {
      this.#refresher.end();
      throw refusedError(error);
    }
    this.#firstRefresh = this.#refresher.begin();
  }

  /**
   * Waits until the thread serves; throws the error of starting.
   *
   * @param inBackground Whether the process may end meanwhile.
   */
  async started(inBackground: boolean): Promise<ServerInfo> {
    if (inBackground) this.#thread.unref();
    const { promise: ended } = this.#closed;
    const reply = Promise.race([this.#thread.reply(), this.death, ended]);
    const isInTime = await waitFor(reply, { ms: START_MS, inBackground });
    const answer = isInTime ? await reply : undefined;
    // The rejection has the uncaught error.
    if (answer !== undefined && "ended" in answer) await this.death;
    const info = this.#infoOf(answer);
    const wait = { ms: FIRST_REFRESH_MS, inBackground };
    await Promise.race([waitFor(this.#firstRefresh, wait), this.death]);
    return info;
  }

  /** The same, blocking this thread. */
  startedSync(): ServerInfo {
    return this.#infoOf(this.#thread.replySync(START_MS));
  }

  /** Ends starting: from now on the thread keeps no process alive. */
  release(): void {
    this.#hasStarted = true;
    this.#thread.release();
  }

  scraped(): Promise<void> {
    this.#post({ type: "scraped" });
    return this.#scraped.promise;
  }

  /** Closes the server without a limit of time, and ends the thread. */
  async stop(): Promise<void> {
    this.#postClose({ grace: MAX_TIMER_MS, untilScraped: 0 });
    await this.#closed.promise;
    await this.#endThread();
  }

  /** Closes the server at once, and ends the thread in any case. */
  async cut(): Promise<void> {
    this.#postClose({ grace: 0, untilScraped: 0 });
    if (!await waitFor(this.#closed.promise, { ms: CUT_MS })) {
      this.#report(closeError(CUT_MS, this.#status.isRegistered));
    }
    await this.#endThread();
  }

  /** Closes the server, blocking this thread. */
  stopSync(times: CloseTimes): void {
    if (this.#ending !== undefined) return;
    if (this.#postClose(times, true)) {
      const ms = times.untilScraped + times.grace + CUT_MS;
      Atomics.wait(this.#control, CONTROL.closed, 0, ms);
    }
    const isClosed = Atomics.load(this.#control, CONTROL.closed) === 1;
    if (isClosed) this.#refresher.end();
    // Later, since messages with errors are lost when the thread ends.
    void this.cut();
  }

  #endThread(): Promise<void> {
    this.#closed.resolve(undefined);
    this.#scraped.resolve();
    // The refresher ends last, since the thread would serve an empty mirror.
    return this.#ending ??= this.#thread.end()
      .then(() => this.#refresher.end());
  }

  /** Tells the thread to close; yields whether there is one. */
  #postClose(times: CloseTimes, isBlocking = false): boolean {
    const isThere = this.#thread.beginClosing();
    this.#post({ type: "close", times, isBlocking });
    return isThere;
  }

  /** The settings, with the port that the server has once it listens. */
  #boundSettings(): ServerSettings {
    const { settings } = this.#parts;
    const { socket } = this.#info ?? {};
    if (socket === undefined || "path" in socket) return settings;
    const address = { hostname: socket.addr, port: socket.port };
    return { ...settings, address };
  }

  #post(message: ToThread): void {
    if (this.#ending === undefined) this.#thread.post(message);
  }

  #receive(message: ToMain): void {
    switch (message.type) {
      case "refresh":
        return void this.#refresher.answer(message.refresh);
      case "error":
        return this.#report(this.#refresher.original(fromSent(message.error)));
      case "token":
        return void this.#refresher
          .alive(answerToken(message.id, this.#parts.discovery))
          .then((answer) => this.#post({ type: "token", answer }));
      case "scraped":
        return this.#scraped.resolve();
      case "closed":
        return this.#closed.resolve(undefined);
    }
  }

  #infoOf(reply: ThreadReply | undefined): ServerInfo {
    if (reply !== undefined && "started" in reply) {
      return this.#info = reply.started as ServerInfo;
    }
    // The thread has no server to close.
    if (reply !== undefined) this.#closed.resolve(undefined);
    throw startError(reply, this.#parts.entry, START_MS);
  }

  #die(exitCode: number, cause: unknown): void {
    const error = endError(
      this.#hasStarted ? "serve" : "start",
      exitCode,
      cause,
      this.#status.isRegistered,
    );
    this.#death.reject(error);
    void this.#endThread();
    // During the start, the rejection tells the caller.
    if (!this.#hasStarted) return;
    this.#report(error);
    void this.lifecycle.close(0);
  }
}

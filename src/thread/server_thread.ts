import { Deadline } from "../gather/deadline.ts";
import { MAX_TIMER_MS } from "../require.ts";
import {
  startThread,
  type Thread,
  type ThreadReply,
} from "../runtime/thread.ts";
import type { Listener } from "../runtime/types.ts";
import { DiscoveryStatus } from "../server/discovery_status.ts";
import type { HttpServerInfo, UnixServerInfo } from "../server/handle.ts";
import { Lifecycle } from "../server/lifecycle.ts";
import type { Registry } from "../types.ts";
import { type Report, reporter } from "../wrappers/measurement.ts";
import type { SentDiscovery } from "./discovery.ts";
import { answerToken } from "./main_token.ts";
import type { ThreadedServerParts } from "./options.ts";
import {
  CONTROL,
  CONTROL_WORDS,
  type ThreadData,
  type ToMain,
  type ToThread,
} from "./protocol.ts";
import { Refresher } from "./refresher.ts";
import { fromSent } from "./sent_error.ts";
import { closeError, endError, startError } from "./thread_errors.ts";

/** Where the server is. */
export type ThreadedServerInfo = HttpServerInfo | UnixServerInfo;

/** How long a thread may take to start, and to register, in milliseconds. */
export const START_MS: number = 30_000;

/** How long a thread may take to close when its grace is over, in milliseconds. */
const CUT_MS = 2000;

/** How long starting waits for what collectors find first, in milliseconds. */
const FIRST_REFRESH_MS = 250;

/** The thread of a metrics server, as the main thread has it. */
export class ServerThread implements Pick<Listener, "stop" | "cut"> {
  readonly #parts: ThreadedServerParts;
  readonly #control = new Int32Array(
    new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #refresher: Refresher;
  readonly #thread: Thread<ToThread>;
  readonly #report: Report;
  readonly #firstRefresh: Promise<void>;
  readonly #closed = Promise.withResolvers<undefined>();
  readonly #death = Promise.withResolvers<never>();
  #hasStarted = false;
  #ending: Promise<void> | undefined;

  /** Rejects when the thread ends although nobody has ended it. */
  readonly death: Promise<never> = this.#death.promise;
  /** What service discovery has made of the server. */
  readonly #status = new DiscoveryStatus(
    this.#control.subarray(CONTROL.discovery),
  );
  /** The server's time until it is closed. */
  readonly lifecycle: Lifecycle;

  /**
   * Mirrors registries, and starts a thread that serves them.
   *
   * @param discovery What runs on the thread.
   */
  constructor(
    parts: ThreadedServerParts,
    listed: readonly Registry[],
    discovery: SentDiscovery | undefined,
  ) {
    const { settings, onError } = parts;
    this.#parts = parts;
    this.lifecycle = new Lifecycle(this, this.#status, onError);
    this.#report = reporter("serve metrics on a thread", onError);
    this.#refresher = new Refresher(
      parts,
      listed,
      this.#control,
      (message) => this.#post(message),
    );
    const data: ThreadData = {
      settings,
      handover: this.#refresher.handover,
      control: this.#control,
      startedAt: Date.now(),
      refreshTimeout: parts.refreshTimeout,
      discovery,
      hasOnError: onError !== undefined,
    };
    // Nobody may wait for it.
    this.death.catch(() => {});
    try {
      this.#thread = startThread<ThreadData, ToThread, ToMain>({
        entry: parts.entry,
        data,
        onMessage: (message) => this.#receive(message),
        onDeath: (code, error) => this.#die(code, error),
      });
    } catch (error) {
      this.#refresher.end();
      throw error;
    }
    this.#firstRefresh = this.#refresher.begin();
  }

  /**
   * Waits until the thread serves.
   *
   * @throws {ThreadError} If it could not be started, or has not in time.
   * @throws What starting the server has thrown.
   */
  async started(): Promise<ThreadedServerInfo> {
    const { promise: ended } = this.#closed;
    const reply = Promise.race([this.#thread.reply(), this.death, ended]);
    const isInTime = await new Deadline(START_MS).waitFor(reply);
    const answer = isInTime ? await reply : undefined;
    // What it has thrown is known then.
    if (answer !== undefined && "ended" in answer) await this.death;
    const info = this.#read(answer);
    const first = new Deadline(FIRST_REFRESH_MS).waitFor(this.#firstRefresh);
    await Promise.race([first, this.death]);
    return info;
  }

  /** The same, blocking this thread. */
  startedSync(): ThreadedServerInfo {
    return this.#read(this.#thread.replySync(START_MS));
  }

  /** Ends starting: from now on the thread keeps no process alive. */
  release(): void {
    this.#hasStarted = true;
    this.#thread.unref();
  }

  /** Closes the server in its own time, and ends the thread. */
  async stop(): Promise<void> {
    this.#post({ type: "close", grace: MAX_TIMER_MS, isBlocking: false });
    await this.#closed.promise;
    await this.#endThread();
  }

  /** Closes the server at once, and ends the thread, whatever it does. */
  async cut(): Promise<void> {
    this.#post({ type: "close", grace: 0, isBlocking: false });
    if (!await new Deadline(CUT_MS).waitFor(this.#closed.promise)) {
      this.#report(closeError(CUT_MS, this.#status.isRegistered));
    }
    await this.#endThread();
  }

  /** Closes the server, blocking this thread. */
  stopSync(grace: number): void {
    if (this.#ending !== undefined) return;
    this.#post({ type: "close", grace, isBlocking: true });
    Atomics.wait(this.#control, CONTROL.closed, 0, grace + CUT_MS);
    const isClosed = Atomics.load(this.#control, CONTROL.closed) === 1;
    if (isClosed) this.#refresher.end();
    // What went wrong meanwhile is on its way, and lost if the thread ends first.
    void this.cut();
  }

  #endThread(): Promise<void> {
    return this.#ending ??= this.#endOnce();
  }

  async #endOnce(): Promise<void> {
    this.#closed.resolve(undefined);
    await this.#thread.end();
    // Last, since readers of a mirror that is closed would serve nothing.
    this.#refresher.end();
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
        return void answerToken(message.id, this.#parts.discovery)
          .then((answer) => this.#post({ type: "token", answer }));
      case "closed":
        return this.#closed.resolve(undefined);
    }
  }

  #read(reply: ThreadReply | undefined): ThreadedServerInfo {
    if (reply !== undefined && "started" in reply) {
      return reply.started as ThreadedServerInfo;
    }
    // There is nothing to be closed.
    if (reply !== undefined) this.#closed.resolve(undefined);
    throw startError(reply, this.#parts.entry, START_MS);
  }

  #die(exitCode: number, cause: unknown): void {
    const error = endError(exitCode, cause, this.#status.isRegistered);
    this.#death.reject(error);
    void this.#endThread();
    // Until it has started, whoever waits for that is told.
    if (!this.#hasStarted) return;
    this.#report(error);
    void this.lifecycle.close(0);
  }
}

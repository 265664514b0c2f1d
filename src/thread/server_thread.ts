import { ThreadError } from "../errors.ts";
import { tokenOf, type TokenSource } from "../discovery/token.ts";
import { Deadline } from "../exposition/deadline.ts";
import { Mirror } from "../live/mirror.ts";
import { MAX_TIMER_MS } from "../require.ts";
import {
  startThread,
  type Thread,
  type ThreadReply,
} from "../runtime/thread.ts";
import type { Listener } from "../runtime/types.ts";
import type { DiscoveryStatus } from "../server/discovery_status.ts";
import type { HttpServerInfo, UnixServerInfo } from "../server/handle.ts";
import { ACTION } from "../server/refuse.ts";
import type { Registry } from "../types.ts";
import { type Report, reporter } from "../wrappers/measurement.ts";
import type { SentDiscovery } from "./discovery.ts";
import { DiscoveryWords } from "./discovery_words.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { ThreadedServerParts } from "./options.ts";
import {
  CONTROL,
  CONTROL_WORDS,
  type ThreadData,
  type TokenAnswer,
  type ToMain,
  type ToThread,
} from "./protocol.ts";
import { Refresher } from "./refresher.ts";
import { RegistryList } from "./registry_list.ts";
import { fromSent, type SentError, toSent } from "./sent_error.ts";

/** Where the server is. */
type ThreadedServerInfo = HttpServerInfo | UnixServerInfo;

/** How long a thread may take to start, and to register, in milliseconds. */
export const START_MS: number = 30_000;

/** How long a thread may take to close when its grace is over, in milliseconds. */
const CUT_MS = 2000;

/** How long starting waits for what collectors find first, in milliseconds. */
const FIRST_REFRESH_MS = 250;

/** The thread of a metrics server, as the main thread has it. */
export class ServerThread implements Pick<Listener, "stop" | "cut"> {
  readonly #entry: string;
  readonly #control = new Int32Array(
    new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #mirror: Mirror;
  readonly #heartbeat: Heartbeat;
  readonly #refresher: Refresher;
  readonly #thread: Thread<ToThread>;
  readonly #report: Report;
  readonly #firstRefresh: Promise<void>;
  readonly #closed = Promise.withResolvers<void>();
  readonly #death = Promise.withResolvers<never>();
  /** Resolves when the thread is ended. */
  readonly #ended = Promise.withResolvers<undefined>();
  /** What yields the token for service discovery on the thread. */
  readonly #token: TokenSource;
  #onDeath: (() => void) | undefined;
  #ending: Promise<void> | undefined;

  /** What service discovery has made of the server. */
  readonly status: DiscoveryStatus = new DiscoveryWords(this.#control);

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
    const { settings, registries, onError, refreshTimeout, isRegistryFixed } =
      parts;
    const tellIdle = (isIdle: boolean) =>
      void Atomics.store(this.#control, CONTROL.idle, isIdle ? 1 : 0);
    this.#token = "token" in parts.discovery
      ? parts.discovery.token
      : undefined;
    this.#entry = parts.entry;
    this.#report = reporter("serve metrics on a thread", onError);
    this.#mirror = new Mirror({
      registries: listed,
      onError: reporter("keep metrics live", onError),
      onChange: () => tellIdle(false),
    });
    const post = (message: ToThread) => this.#thread.post(message);
    const data: ThreadData = {
      settings,
      handover: this.#mirror.handOver((chunk) =>
        post({ type: "chunk", chunk })
      ),
      control: this.#control,
      startedAt: Date.now(),
      refreshTimeout,
      discovery,
      hasOnError: onError !== undefined,
    };
    // Nobody may wait for it.
    this.#death.promise.catch(() => {});
    try {
      this.#thread = startThread<ThreadData, ToThread, ToMain>({
        entry: this.#entry,
        data,
        onMessage: (message) => this.#receive(message),
        onDeath: (code, error) => this.#die(code, error),
      });
    } catch (error) {
      this.#mirror.close();
      throw error;
    }
    this.#heartbeat = new Heartbeat(this.#control);
    this.#refresher = new Refresher({
      registries: new RegistryList(
        registries,
        listed,
        (registries) => this.#mirror.mirror(registries),
        reporter("list registries", onError),
      ),
      mirror: this.#mirror,
      heartbeat: this.#heartbeat,
      post,
      isRegistryFixed,
      tellIdle,
      report: this.#report,
    });
    this.#firstRefresh = this.#refresher.begin();
  }

  /** Rejects when the thread ends although nobody has ended it. */
  get death(): Promise<never> {
    return this.#death.promise;
  }

  /**
   * Waits until the thread serves.
   *
   * @throws {ThreadError} If it could not be started, or has not in time.
   * @throws What starting the server has thrown.
   */
  async started(): Promise<ThreadedServerInfo> {
    const reply = Promise.race([
      this.#thread.reply(),
      this.death,
      this.#ended.promise,
    ]);
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

  /**
   * Ends starting: from now on the thread keeps no process alive.
   *
   * @param onDeath Called when it ends although nobody has ended it.
   */
  release(onDeath: () => void): void {
    this.#onDeath = onDeath;
    this.#thread.unref();
  }

  /** Closes the server in its own time, and ends the thread. */
  async stop(): Promise<void> {
    this.#close(MAX_TIMER_MS);
    await this.#closed.promise;
    await this.#endThread();
  }

  /** Closes the server at once, and ends the thread, whatever it does. */
  async cut(): Promise<void> {
    this.#close(0);
    if (!await new Deadline(CUT_MS).waitFor(this.#closed.promise)) {
      this.#report(
        new ThreadError({
          message: "Cannot close metrics server: its thread must answer " +
            `within ${CUT_MS} ms, received nothing; it is ended as it is` +
            (this.status.isRegistered ? ", and stays registered" : ""),
        }),
      );
    }
    await this.#endThread();
  }

  /** Closes the server, blocking this thread. */
  stopSync(grace: number): void {
    if (this.#ending !== undefined) return;
    this.#close(grace, true);
    Atomics.wait(this.#control, CONTROL.closed, 0, grace + CUT_MS);
    if (this.#isClosed) this.#detach();
    // What went wrong meanwhile is on its way, and lost if the thread ends first.
    void this.cut();
  }

  get #isClosed(): boolean {
    return Atomics.load(this.#control, CONTROL.closed) === 1;
  }

  /** Lets go of the metrics, which are what they were. */
  #detach(): void {
    this.#heartbeat.end();
    this.#mirror.close();
  }

  #endThread(): Promise<void> {
    return this.#ending ??= this.#endOnce();
  }

  async #endOnce(): Promise<void> {
    this.#closed.resolve();
    this.#ended.resolve(undefined);
    // Readers of a mirror that is closed find nothing, and would serve that.
    if (this.#isClosed) this.#detach();
    await this.#thread.end();
    this.#detach();
  }

  #close(grace: number, isBlocking = false): void {
    if (this.#ending !== undefined) return;
    this.#thread.post({ type: "close", grace, isBlocking });
  }

  #receive(message: ToMain): void {
    switch (message.type) {
      case "refresh":
        return void this.#refresher.answer(message.refresh);
      case "error":
        return this.#report(this.#refresher.original(fromSent(message.error)));
      case "token":
        return void this.#tellToken(message.id);
      case "closed":
        return this.#closed.resolve();
    }
  }

  /** Has the token of the moment yielded, and tells it to the thread. */
  async #tellToken(id: number): Promise<void> {
    let answer: TokenAnswer;
    try {
      answer = { id, token: await tokenOf(ACTION, this.#token) };
    } catch (error) {
      answer = { id, failure: toSent(error) };
    }
    if (this.#ending === undefined) {
      this.#thread.post({ type: "token", answer });
    }
  }

  #read(reply: ThreadReply | undefined): ThreadedServerInfo {
    if (reply !== undefined && "started" in reply) {
      return reply.started as ThreadedServerInfo;
    }
    if (reply === undefined) {
      throw new ThreadError({
        message: "Cannot start metrics server: its thread must be ready, and " +
          `registered, within ${START_MS} ms, received nothing`,
      });
    }
    // There is nothing to be closed.
    this.#closed.resolve();
    if ("failed" in reply) throw fromSent(reply.failed as SentError);
    if ("ended" in reply) throw endError(reply.ended);
    throw new ThreadError({
      message: "Cannot start metrics server: the module of its thread, " +
        `"${this.#entry}", must be there with what it needs, received ` +
        `${JSON.stringify(withoutImporter(reply.unloadable))}; an ` +
        "application whose modules are in one file passes it as `entry`",
    });
  }

  #die(exitCode: number, cause: unknown): void {
    const error = endError(exitCode, cause, this.status.isRegistered);
    this.#death.reject(error);
    void this.#endThread();
    // Before that, whoever waits for the start is told.
    if (this.#onDeath === undefined) return;
    this.#report(error);
    this.#onDeath();
  }
}

function endError(
  exitCode: number,
  cause?: unknown,
  isRegistered = false,
): ThreadError {
  return new ThreadError({
    message: "Cannot serve metrics: the server's thread must run until it is " +
      `closed, received its end with exit code ${exitCode}` +
      (isRegistered ? "; it stays registered" : ""),
    exitCode,
    ...cause !== undefined && { cause },
  });
}

/** What a runtime says of a module, without the program that has imported it. */
function withoutImporter(words: string): string {
  return words.replace(/ imported from .*/s, "");
}

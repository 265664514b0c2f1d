import type { Report } from "../../base/report.ts";
import { pauseAfter } from "../../discovery/retry.ts";
import {
  startThread,
  type Thread,
  type ThreadReply,
} from "../../runtime/thread.ts";
import { repeat, sleep, waitFor } from "../../runtime/wait.ts";
import type { DiscoveryStatus } from "../../server/discovery_status.ts";
import {
  BEAT_MS,
  CONTROL,
  type SentDiscovery,
  type ThreadData,
  type ToMain,
  type ToThread,
} from "../protocol.ts";
import { endError, hangError, startError } from "./thread_errors.ts";

/** How long a thread may take to start and register, in milliseconds. */
export const START_MS: number = 30_000;

/** How many signs of life a thread misses that hangs. */
const MISSED_BEATS = 5;

/** The longest first pause before a thread is replaced; each further one doubles. */
const PAUSE_MS = 200;

const MAX_PAUSE_MS = 30_000;

/** A thread that has lived so long was no failed attempt. */
const WELL_MS = 60_000;

interface ServerThreadOptions {
  readonly entry: string;
  readonly control: Int32Array;
  readonly status: DiscoveryStatus;
  /** The service discovery of the first thread. */
  readonly discovery: SentDiscovery | undefined;
  /** Makes the data of a thread, as it is now. */
  readonly dataOf: (discovery: SentDiscovery | undefined) => ThreadData;
  /** Yields the service discovery of a further thread; absent if it has none. */
  readonly again?: () => Promise<SentDiscovery | undefined>;
  readonly onMessage: (message: ToMain) => void;
  /** Called when the thread has ended by itself and is not replaced. */
  readonly onDeath: (code: number, error: unknown) => void;
  readonly report: Report;
}

/**
 * The server's thread. One that hangs is told, and one that hangs or ends is
 * replaced if that is wanted.
 */
export class ServerThread {
  readonly #options: ServerThreadOptions;
  #thread: Thread<ToThread>;
  #isReleased = false;
  /** Aborts when no thread is started any more. */
  readonly #closing = new AbortController();
  #endWatching = () => {};
  #beats = 0;
  #missed = 0;
  /** Whether there is no thread that could be told anything. */
  #isAbsent = false;
  #attempts = 0;
  /** Rejects when a thread ends that is being started in another's place. */
  #starting: PromiseWithResolvers<never> | undefined;

  constructor(options: ServerThreadOptions) {
    this.#options = options;
    this.#thread = this.#begin(options.discovery);
  }

  post(message: ToThread): void {
    if (!this.#isAbsent) this.#thread.post(message);
  }

  reply(): Promise<ThreadReply> {
    return this.#thread.reply();
  }

  replySync(ms: number): ThreadReply | undefined {
    return this.#thread.replySync(ms);
  }

  /** Keeps the process alive no longer. */
  unref(): void {
    this.#thread.unref();
  }

  /** Keeps the process alive no longer, and watches from now on. */
  release(): void {
    this.#isReleased = true;
    this.unref();
    this.#endWatching = repeat(BEAT_MS, () => this.#look());
  }

  /** Starts no other thread from now on; tells whether there is one to close. */
  beginClosing(): boolean {
    this.#endWatching();
    this.#closing.abort();
    return !this.#isAbsent;
  }

  end(): Promise<void> {
    this.beginClosing();
    return this.#thread.end();
  }

  #begin(discovery: SentDiscovery | undefined): Thread<ToThread> {
    const { entry, dataOf, onMessage } = this.#options;
    const thread: Thread<ToThread> = startThread<ThreadData, ToThread, ToMain>({
      entry,
      data: dataOf(discovery),
      onMessage: (message) => {
        if (thread === this.#thread) onMessage(message);
      },
      onDeath: (code, error) => {
        if (thread === this.#thread) this.#die(code, error);
      },
    });
    return thread;
  }

  #look(): void {
    if (this.#isAbsent || this.#starting) return;
    const { control, status, again, report } = this.#options;
    const beats = Atomics.load(control, CONTROL.beats);
    this.#missed = beats === this.#beats ? this.#missed + 1 : 0;
    this.#beats = beats;
    if (this.#missed === 0) status.isAway = false;
    if (this.#missed !== MISSED_BEATS) return;
    this.#beAway();
    report(hangError(MISSED_BEATS * BEAT_MS, again !== undefined));
    if (again !== undefined) void this.#replace(again);
  }

  #die(code: number, cause: unknown): void {
    const { status, again, onDeath, report } = this.#options;
    if (this.#starting) {
      return this.#starting.reject(endError("start", code, cause));
    }
    const { aborted } = this.#closing.signal;
    if (again === undefined || !this.#isReleased || aborted) {
      return onDeath(code, cause);
    }
    report(endError("serve", code, cause, status.isRegistered));
    this.#beAway();
    void this.#replace(again);
  }

  #beAway(): void {
    const { control, status } = this.#options;
    status.isAway = true;
    Atomics.add(control, CONTROL.troubles, 1);
  }

  /** Starts other threads until one serves. */
  async #replace(
    again: NonNullable<ServerThreadOptions["again"]>,
  ): Promise<void> {
    const { signal } = this.#closing;
    let failure: string | undefined;
    for (;;) {
      this.#isAbsent = true;
      void this.#thread.end();
      const pause = pauseAfter(++this.#attempts, PAUSE_MS);
      const ms = Math.min(pause, MAX_PAUSE_MS);
      await sleep(ms, { signal, inBackground: true });
      // Nothing is left to close.
      if (signal.aborted) return this.#options.onMessage({ type: "closed" });
      try {
        await this.#start(await again());
        break;
      } catch (error) {
        const { message } = error as Error;
        if (message !== failure && !signal.aborted) this.#options.report(error);
        failure = message;
      }
    }
    // Unless it has troubles again soon.
    const attempts = this.#attempts;
    await sleep(WELL_MS, { signal, inBackground: true });
    if (attempts === this.#attempts) this.#attempts = 0;
  }

  /** Starts a thread; throws unless it serves. */
  async #start(discovery: SentDiscovery | undefined): Promise<void> {
    if (this.#closing.signal.aborted) throw new Error("the server is closed");
    const { control, status, entry } = this.#options;
    // Set by a thread that has ended.
    Atomics.store(control, CONTROL.closed, 0);
    this.#starting = Promise.withResolvers();
    this.#isAbsent = false;
    try {
      const thread = this.#thread = this.#begin(discovery);
      thread.unref();
      const reply = Promise.race([thread.reply(), this.#starting.promise]);
      const wait = { ms: START_MS, inBackground: true };
      const answer = await waitFor(reply, wait) ? await reply : undefined;
      if (answer === undefined || !("started" in answer)) {
        throw startError(answer, entry, START_MS);
      }
      this.#missed = 0;
      status.isAway = false;
    } finally {
      this.#starting = undefined;
    }
  }
}

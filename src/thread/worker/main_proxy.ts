import type { CollectorError } from "../../errors.ts";
import { type Deadline, now, waitFor } from "../../runtime/wait.ts";
import type { Gathering, GatherRequest } from "../../gather/gather.ts";
import { nameFilter } from "../../gather/name_filter.ts";
import {
  CONTROL,
  type EndedCollector,
  type MainOverview,
  type RefreshingMessage,
  type RefreshRequest,
  silenceOf,
} from "../protocol.ts";
import { fromSent } from "../sent_error.ts";
import { type EndedRun, RunningRequest } from "./running_request.ts";

/** The outcome of a refresh. */
export interface Refreshed extends Omit<Gathering, "families"> {
  /** Whether the main thread has answered, or is busy with the request. */
  readonly isAnswered: boolean;
  /** The time without a sign of life, in seconds; 0 if it has answered. */
  readonly silence: number;
}

const NOTHING = { failures: [], durations: new Map<string, number>() };

/** The time between two looks for signs of life, in milliseconds. */
const LOOK_MS = 10;

/** How long after an answer an idle main thread is left alone, in milliseconds. */
const IDLE_MS = 1000;

/** The main thread, as the server's thread sees it. */
export class MainProxy {
  readonly #control: Int32Array;
  readonly #refreshTimeout: number;
  readonly #post: (request: RefreshRequest) => void;
  /** The time of its last sign of life, by this thread's clock. */
  #seenAt: number;
  #lastId = 0;
  /** The requests that it has not begun with, by their numbers. */
  readonly #unanswered = new Map<number, RunningRequest>();
  readonly #awaited = new Set<RunningRequest>();
  /** The runs that ended when no scrape waited any more, by metric. */
  readonly #late = new Map<string, EndedRun>();
  /** The runs that were reported as too slow. */
  readonly #timedOut = new Set<number>();
  /** Whether the main thread is blocked until this one has closed the server. */
  isGivenUp = false;
  /** The time of its last answer for all metrics, or of the start. */
  #refreshedAt: number;
  /** The same without the start. */
  #answeredAt = -Infinity;
  /** The last end of each collector that did not fail. */
  readonly #collectedAt = new Map<string, number>();
  overview: MainOverview = { notLive: [], clients: [] };

  /** @param refreshTimeout How long the main thread may be silent. */
  constructor(
    control: Int32Array,
    refreshTimeout: number,
    post: (request: RefreshRequest) => void,
  ) {
    this.#control = control;
    this.#refreshTimeout = refreshTimeout;
    this.#seenAt = now() - silenceOf(control);
    this.#refreshedAt = this.#seenAt;
    this.#post = post;
  }

  /** The time since the main thread's last sign of life, in seconds. */
  get silence(): number {
    this.#look();
    return (now() - this.#seenAt) / 1000;
  }

  /** The time since its last answer for all metrics, in seconds. */
  get refreshAge(): number {
    return (now() - this.#refreshedAt) / 1000;
  }

  /**
   * The times since collectors ended, in seconds, by metric.
   *
   * @param names The current metrics; others are forgotten.
   */
  *collectorAges(names: ReadonlySet<string>): Iterable<[string, number]> {
    const at = now();
    for (const [name, endedAt] of this.#collectedAt) {
      if (names.has(name)) yield [name, (at - endedAt) / 1000];
      else this.#collectedAt.delete(name);
    }
  }

  /** Asks the main thread, and waits for it until the deadline unless it is silent. */
  async refresh(
    { deadline, ...wanted }: GatherRequest & Pick<RefreshRequest, "collect">,
  ): Promise<Refreshed> {
    this.#look();
    if (wanted.collect && this.#isKnownToBeIdle()) {
      return { isAnswered: true, silence: 0, ...NOTHING };
    }
    // Asking on would queue one request per scrape.
    if ([...this.#unanswered.values()].some((each) => this.#isSilent(each))) {
      return { isAnswered: false, silence: this.silence, ...NOTHING };
    }
    const id = ++this.#lastId;
    const patience = deadline.ms;
    const request = new RunningRequest({ ...wanted, id, patience });
    this.#unanswered.set(id, request);
    this.#awaited.add(request);
    this.#post(request.message);
    const isAnswered = await this.#waitFor(request, deadline);
    // Now, since the main thread may answer meanwhile.
    const silence = isAnswered ? 0 : this.silence;
    this.#awaited.delete(request);
    if (wanted.collect) this.#takeLate(request);
    // If the main thread is blocked, its collectors are not to blame.
    const late = isAnswered ? request.timeOut() : [];
    for (const run of late) this.#timedOut.add(run);
    const { failures, durations } = request;
    return { isAnswered, silence, failures, durations };
  }

  begun({ id, collectors, isFailed, overview }: RefreshingMessage): void {
    if (overview !== undefined) this.overview = overview;
    const request = this.#unanswered.get(id);
    if (request === undefined) return;
    this.#unanswered.delete(id);
    request.begin(collectors);
    this.#seenAt = now();
    const { collect, names } = request.message;
    const isWhole = collect && names.length === 0 && !isFailed;
    if (isWhole) this.#answeredAt = this.#refreshedAt = this.#seenAt;
  }

  ended(collectors: readonly EndedCollector[]): void {
    this.#seenAt = now();
    for (const { run, name, seconds, failure } of collectors) {
      if (failure === undefined) this.#collectedAt.set(name, this.#seenAt);
      const ended: EndedRun = {
        name,
        seconds,
        failure: failure && fromSent(failure) as CollectorError,
      };
      // The scrape that waited has reported a failure.
      const isTold = this.#timedOut.delete(run);
      const takers = [...this.#awaited].filter((each) => each.end(run, ended));
      if (takers.length > 0) continue;
      this.#late.set(name, isTold ? { name, seconds } : ended);
    }
  }

  /** Gives a request the outcomes that came too late for earlier ones. */
  #takeLate(request: RunningRequest): void {
    const isWanted = nameFilter(request.message.names);
    for (const [name, ended] of this.#late) {
      if (!isWanted(name, undefined)) continue;
      request.take(ended);
      this.#late.delete(name);
    }
  }

  /** Tells whether the main thread has answered lately, and has nothing to do. */
  #isKnownToBeIdle(): boolean {
    return !this.isGivenUp &&
      now() - this.#answeredAt < IDLE_MS &&
      Atomics.load(this.#control, CONTROL.idle) === 1;
  }

  /** Tells whether the main thread has been silent for too long since a request. */
  #isSilent({ askedAt }: RunningRequest): boolean {
    const silence = now() - Math.max(this.#seenAt, askedAt);
    return this.isGivenUp || silence > this.#refreshTimeout;
  }

  /** Waits for a request; tells whether the main thread lives. */
  async #waitFor(
    request: RunningRequest,
    deadline: Deadline,
  ): Promise<boolean> {
    while (!request.isSettled && deadline.rest > 0) {
      if (this.#isSilent(request)) return false;
      const ms = Math.min(LOOK_MS, deadline.rest);
      await waitFor(request.settled.promise, { ms });
      this.#look();
    }
    return request.hasBegun || !this.#isSilent(request);
  }

  #look(): void {
    const aliveAt = now() - silenceOf(this.#control);
    this.#seenAt = Math.max(this.#seenAt, aliveAt);
  }
}

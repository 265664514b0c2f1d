import type { CollectorError } from "../errors.ts";
import { Deadline } from "../gather/deadline.ts";
import type { Gathering, GatherRequest } from "../gather/gatherer.ts";
import { nameFilter } from "../gather/name_filter.ts";
import { inBackground } from "../runtime/background.ts";
import {
  BEAT_MS,
  CONTROL,
  type EndedCollector,
  type MainOverview,
  type RefreshingMessage,
  type RefreshRequest,
} from "./protocol.ts";
import { type EndedRun, RunningRequest } from "./running_request.ts";
import { fromSent } from "./sent_error.ts";

/** What came of a refresh. */
export interface Refreshed extends Omit<Gathering, "families"> {
  /** Whether the main thread has done what it was asked, or is busy with it. */
  readonly isAnswered: boolean;
  /**
   * For how long it had given no sign of life when it was waited for no more, in
   * seconds; 0 if it has answered.
   */
  readonly silence: number;
}

/** What is asked of the main thread, and how long it is waited for. */
export type RefreshOptions =
  & GatherRequest
  & Pick<RefreshRequest, "collect">;

/** The outcome without any collector. */
const NOTHING = { failures: [], durations: new Map<string, number>() };

/** How often a scrape that waits looks for signs of life, in milliseconds. */
const LOOK_MS = 10;

/**
 * For how long it is not asked again, in milliseconds, while it has nothing to
 * do for scrapes and gives signs of life: frequent scrapes leave it alone.
 */
const IDLE_MS = 1000;

/** A sign of life is one for so long, in milliseconds: the next may be late. */
const SIGN_MS = 1.5 * BEAT_MS;

/** The main thread, as the thread of a metrics server sees it. */
export class MainThread {
  readonly #control: Int32Array;
  readonly #refreshTimeout: number;
  readonly #post: (request: RefreshRequest) => void;
  #beats = 0;
  /** When the last sign of life was seen, by this thread's clock. */
  #seenAt: number;
  #lastId = 0;
  /** Those that it has not begun with, by their numbers. */
  readonly #unanswered = new Map<number, RunningRequest>();
  /** Those that scrapes wait for. */
  readonly #awaited = new Set<RunningRequest>();
  /** What ended when no scrape waited for it any more, by the metric. */
  readonly #late = new Map<string, EndedRun>();
  /** The runs of which it was told that they take too long. */
  readonly #timedOut = new Set<number>();
  /** Whether it is waited for no more, since it waits for this thread. */
  isGivenUp = false;
  /** When it answered a request for all metrics, or did so without being asked. */
  #refreshedAt: number;
  /** When it answered one that it was asked. */
  #answeredAt = -Infinity;
  /** When each collector ended without failing. */
  readonly #collectedAt = new Map<string, number>();
  /** What it said last about the metrics. */
  overview: MainOverview = { notLive: [], clients: [] };

  /**
   * Begins to watch it.
   *
   * @param control The words that both threads see.
   * @param refreshTimeout For how long it may be silent while it is waited for.
   * @param silence For how long it has been silent already, in milliseconds.
   * @param post Sends it a request.
   */
  constructor(
    control: Int32Array,
    refreshTimeout: number,
    silence: number,
    post: (request: RefreshRequest) => void,
  ) {
    this.#control = control;
    this.#refreshTimeout = refreshTimeout;
    this.#seenAt = performance.now() - silence;
    this.#refreshedAt = this.#seenAt;
    this.#post = post;
    inBackground(BEAT_MS, () => this.#look());
  }

  /** How long ago it gave a sign of life, in seconds. */
  get silence(): number {
    this.#look();
    return (performance.now() - this.#seenAt) / 1000;
  }

  /** How long ago it answered a request for all metrics, in seconds. */
  get refreshAge(): number {
    return (performance.now() - this.#refreshedAt) / 1000;
  }

  /**
   * How long ago collectors ended, in seconds, by their metrics.
   *
   * @param names The metrics that there are; it forgets all others.
   */
  *collectorAges(names: ReadonlySet<string>): Iterable<[string, number]> {
    const now = performance.now();
    for (const [name, at] of this.#collectedAt) {
      if (names.has(name)) yield [name, (now - at) / 1000];
      else this.#collectedAt.delete(name);
    }
  }

  /**
   * Has it do what only it can do. It is waited for as long as it lives and the
   * deadline lets it.
   */
  async refresh(
    { deadline, ...wanted }: RefreshOptions,
  ): Promise<Refreshed> {
    this.#look();
    if (wanted.collect && this.#isKnownToBeIdle()) {
      return { isAnswered: true, silence: 0, ...NOTHING };
    }
    // It would find one request for each scrape when it turns again.
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
    // It may turn again while the rest is done.
    const silence = isAnswered ? 0 : this.silence;
    this.#awaited.delete(request);
    if (wanted.collect) this.#takeLate(request);
    // If it is blocked, its collectors are not to blame.
    const late = isAnswered ? request.timeOut() : [];
    for (const run of late) this.#timedOut.add(run);
    const { failures, durations } = request;
    return { isAnswered, silence, failures, durations };
  }

  /** Takes that it has begun with a request. */
  begun({ id, collectors, isFailed, overview }: RefreshingMessage): void {
    if (overview !== undefined) this.overview = overview;
    const request = this.#unanswered.get(id);
    if (request === undefined) return;
    this.#unanswered.delete(id);
    request.begin(collectors);
    this.#seen();
    const { collect, names } = request.message;
    const isWhole = collect && names.length === 0 && !isFailed;
    if (isWhole) this.#answeredAt = this.#refreshedAt = this.#seenAt;
  }

  /** Takes that collectors have ended. */
  ended(collectors: readonly EndedCollector[]): void {
    this.#seen();
    for (const { run, name, seconds, failure } of collectors) {
      if (failure === undefined) this.#collectedAt.set(name, this.#seenAt);
      const ended: EndedRun = {
        name,
        seconds,
        failure: failure && fromSent(failure) as CollectorError,
      };
      // Its failure was told.
      const isTold = this.#timedOut.delete(run);
      const takers = [...this.#awaited].filter((each) => each.end(run, ended));
      if (takers.length > 0) continue;
      this.#late.set(name, isTold ? { name, seconds } : ended);
    }
  }

  /** Has a request take what came too late for those before. */
  #takeLate(request: RunningRequest): void {
    const isWanted = nameFilter(request.message.names);
    for (const [name, ended] of this.#late) {
      if (!isWanted(name, undefined)) continue;
      request.take(ended);
      this.#late.delete(name);
    }
  }

  /** Tells whether it lives, has answered not long ago, and has nothing to do. */
  #isKnownToBeIdle(): boolean {
    const now = performance.now();
    return !this.isGivenUp &&
      now - this.#answeredAt < IDLE_MS &&
      now - this.#seenAt < SIGN_MS &&
      Atomics.load(this.#control, CONTROL.idle) === 1;
  }

  /** Tells whether it is silent although it was asked long ago. */
  #isSilent({ askedAt }: RunningRequest): boolean {
    const silence = performance.now() - Math.max(this.#seenAt, askedAt);
    return this.isGivenUp || silence > this.#refreshTimeout;
  }

  /** Waits for a request; tells whether the main thread is there. */
  async #waitFor(
    request: RunningRequest,
    deadline: Deadline,
  ): Promise<boolean> {
    while (!request.isSettled && deadline.rest > 0) {
      if (this.#isSilent(request)) return false;
      const look = new Deadline(Math.min(LOOK_MS, deadline.rest));
      await look.waitFor(request.settled);
      this.#look();
    }
    return request.hasBegun || !this.#isSilent(request);
  }

  #look(): void {
    const beats = Atomics.load(this.#control, CONTROL.beats);
    if (beats !== this.#beats) this.#seen();
    this.#beats = beats;
  }

  #seen(): void {
    this.#seenAt = performance.now();
  }
}

import { type Report, reporter } from "../../base/report.ts";
import { clientsOf } from "../../clients/storage.ts";
import type { CollectorError } from "../../errors.ts";
import { nameFilter } from "../../gather/name_filter.ts";
import { Mirror } from "../../live/mirror.ts";
import type { Refreshing } from "../../live/mirrored_metric.ts";
import { leaderOf } from "../../metrics/leading_registry.ts";
import type { Handover } from "../../memory/layout.ts";
import { nextTurn, now, repeat } from "../../runtime/wait.ts";
import type { Registry } from "../../types.ts";
import {
  CONTROL,
  type EndedCollector,
  type MainOverview,
  type RefreshRequest,
  type ToThread,
} from "../protocol.ts";
import { toSent } from "../sent_error.ts";
import { Heartbeat } from "./heartbeat.ts";
import { RegistryList } from "./registry_list.ts";
import type { ThreadedServerParts } from "./thread_options.ts";

/** The time between two looks for clients that were loaded meanwhile. */
const LOOK_MS = 1000;

/** How long the thread may wait for work that is no scrape, in milliseconds. */
const WAIT_MS = 30_000;

interface Run {
  readonly id: number;
  /** Whether a scrape has asked for it. */
  isAsked: boolean;
}

/** Keeps the metrics live, and answers the thread's requests to collect. */
export class Refresher {
  readonly #control: Int32Array;
  readonly #post: (message: ToThread) => void;
  /** Whether the list changes only with the clients that are loaded. */
  readonly #isRegistryFixed: boolean;
  readonly #report: Report;
  readonly #mirror: Mirror;
  readonly #registries: RegistryList;
  readonly #heartbeat: Heartbeat;
  readonly #endLooking: (() => void) | undefined;
  readonly #runs = new WeakMap<Refreshing, Run>();
  #lastRun = 0;
  /** The ends of runs for the next message, when the event loop turns. */
  readonly #ended: EndedCollector[] = [];
  readonly #failures = new Map<string, CollectorError>();

  /** Mirrors the listed registries, and gives signs of life. */
  constructor(
    { registries, onError }: Pick<
      ThreadedServerParts,
      "registries" | "onError"
    >,
    listed: readonly Registry[],
    control: Int32Array,
    post: (message: ToThread) => void,
  ) {
    this.#control = control;
    this.#post = post;
    this.#isRegistryFixed = (registries.now ?? registries.fixed) !== undefined;
    this.#report = reporter("serve metrics on a thread", onError);
    this.#mirror = new Mirror({
      registries: listed,
      onError: reporter("keep metrics live", onError),
      onChange: () => this.#tell("idle", false),
    });
    this.#mirror.handOver((chunk) => post({ type: "chunk", chunk }));
    this.#registries = new RegistryList(
      registries,
      listed,
      (registries) => {
        this.#mirror.mirror(registries);
        this.#tell("servesProcess", leaderOf(registries) !== undefined);
      },
      reporter("list registries", onError),
    );
    this.#tell("servesProcess", leaderOf(listed) !== undefined);
    this.#heartbeat = new Heartbeat(control);
    if (registries.now) {
      this.#endLooking = repeat(LOOK_MS, () => this.#registries.look());
    }
  }

  /** The shared memory of the values, as it is now. */
  get handover(): Handover {
    return this.#mirror.handover;
  }

  /** Runs the first collectors; settles when all have ended. */
  async begin(): Promise<void> {
    try {
      // In a bundle, loaded modules show no client.
      if (this.#registries.current.length === 0) {
        await this.#registries.ask(LOOK_MS);
      }
      const refreshing = this.#mirror.refresh();
      for (const each of refreshing) this.#runOf(each);
      await Promise.all(refreshing.map(({ refreshed }) => refreshed));
    } catch (error) {
      this.#report(error);
    }
  }

  /** Lets go of the metrics, which work on as before. */
  end(): void {
    this.#heartbeat.end();
    this.#endLooking?.();
    this.#mirror.close();
  }

  /** Answers a request; never rejects. */
  async answer(request: RefreshRequest): Promise<void> {
    const { id, collect, patience } = request;
    const answer = { type: "refreshing", id, collectors: [] } as const;
    if (!collect) return this.#post({ ...answer, overview: this.#overview() });
    this.#heartbeat.begin(request, patience);
    await this.#registries.ask(patience);
    try {
      this.#refresh(request);
    } catch (error) {
      this.#report(error);
      // Without an answer this thread would seem to be blocked.
      this.#post({ ...answer, isFailed: true });
    }
    this.#heartbeat.done(request);
  }

  /** Gives signs of life while the thread waits for something else. */
  alive<T>(work: Promise<T>): Promise<T> {
    this.#heartbeat.begin(work, WAIT_MS);
    return work.finally(() => this.#heartbeat.done(work));
  }

  /** The thrown error of a failure that has crossed, if it is a collector's. */
  original(failure: Error): Error {
    const { collector } = failure as Partial<CollectorError>;
    const thrown = this.#failures.get(collector ?? "");
    return thrown?.message === failure.message ? thrown : failure;
  }

  #refresh({ id, names, maxAge, patience }: RefreshRequest): void {
    const refreshing = this.#mirror.refresh(nameFilter(names), maxAge);
    const askedAt = now();
    const collectors = refreshing.map((each) => {
      const { name, startedAt } = each;
      const run = this.#runOf(each);
      run.isAsked = true;
      const ranFor = askedAt - startedAt;
      if (ranFor < patience) this.#heartbeat.begin(run, patience);
      return { run: run.id, name, ranFor };
    });
    // Only a whole scrape shows all collectors.
    if (names.length === 0 && maxAge === 0) {
      const isIdle = collectors.length === 0 && this.#isRegistryFixed &&
        this.#mirror.isWatching;
      this.#tell("idle", isIdle);
      const known = new Set(collectors.map(({ name }) => name));
      for (const name of this.#failures.keys()) {
        if (!known.has(name)) this.#failures.delete(name);
      }
    }
    this.#post({ type: "refreshing", id, collectors });
  }

  #tell(word: "idle" | "servesProcess", isTrue: boolean): void {
    Atomics.store(this.#control, CONTROL[word], Number(isTrue));
  }

  /** The run of a collector; its end is told once, to all scrapes. */
  #runOf(refreshing: Refreshing): Run {
    let run = this.#runs.get(refreshing);
    if (run === undefined) {
      run = { id: ++this.#lastRun, isAsked: false };
      this.#runs.set(refreshing, run);
      void this.#tellEnd(run, refreshing);
    }
    return run;
  }

  async #tellEnd(run: Run, refreshing: Refreshing): Promise<void> {
    const { name, startedAt, isCollector, refreshed } = refreshing;
    const failure = await refreshed;
    const seconds = (now() - startedAt) / 1000;
    this.#heartbeat.done(run);
    if (failure === undefined) this.#failures.delete(name);
    else this.#failures.set(name, failure);
    // No scrape has asked for this run: its failure concerns none.
    if (!run.isAsked && failure !== undefined) return;
    const count = this.#ended.push({
      run: run.id,
      name,
      ...run.isAsked && isCollector && { seconds },
      ...failure !== undefined && { failure: toSent(failure) },
    });
    if (count > 1) return;
    nextTurn(() => {
      this.#post({ type: "ended", collectors: this.#ended.splice(0) });
    });
  }

  #overview(): MainOverview {
    const overview = { notLive: this.#mirror.notLive, clients: [] };
    try {
      const { current } = this.#registries;
      const metrics = current.flatMap((each) => [...each.getMetricsAsArray()]);
      return { ...overview, clients: clientsOf(metrics) };
    } catch {
      // Mirroring reports a registry that fails.
      return overview;
    }
  }
}

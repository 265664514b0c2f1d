import { clientsOf } from "../clients/recognise.ts";
import type { CollectorError } from "../errors.ts";
import { nameFilter } from "../gather/name_filter.ts";
import { Mirror } from "../live/mirror.ts";
import type { Refreshing } from "../live/mirrored_metric.ts";
import type { Handover } from "../memory/layout.ts";
import { inBackground } from "../runtime/background.ts";
import { nextTurn } from "../runtime/pace.ts";
import type { Registry } from "../types.ts";
import { type Report, reporter } from "../wrappers/measurement.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { ThreadedServerParts } from "./options.ts";
import {
  CONTROL,
  type EndedCollector,
  type MainOverview,
  type RefreshRequest,
  type ToThread,
} from "./protocol.ts";
import { RegistryList } from "./registry_list.ts";
import { toSent } from "./sent_error.ts";

/** How often clients are looked for that were loaded meanwhile. */
const LOOK_MS = 1000;

/** A run of a collector, and what there is to say of it. */
interface Run {
  readonly id: number;
  /** Whether a scrape waits for it, or has waited. */
  isAsked: boolean;
}

/**
 * Keeps the metrics live on the main thread, and does there what scrapes on the
 * other one ask of it.
 */
export class Refresher {
  /** Where the values are. */
  readonly handover: Handover;
  readonly #control: Int32Array;
  readonly #post: (message: ToThread) => void;
  readonly #isRegistryFixed: boolean;
  readonly #report: Report;
  readonly #mirror: Mirror;
  readonly #registries: RegistryList;
  readonly #heartbeat: Heartbeat;
  readonly #endLooking: (() => void) | undefined;
  readonly #runs = new WeakMap<Refreshing, Run>();
  #lastRun = 0;
  /** Ends that are told when the event loop turns, in one message. */
  readonly #ended: EndedCollector[] = [];
  /** What failed, by the metric, as it was thrown. */
  readonly #failures = new Map<string, CollectorError>();

  /**
   * Mirrors registries, and gives signs of life.
   *
   * @param listed The registries that there are.
   * @param control The words that both threads see.
   * @param post Sends a message to the thread.
   */
  constructor(
    { registries, isRegistryFixed, onError }: Pick<
      ThreadedServerParts,
      "registries" | "isRegistryFixed" | "onError"
    >,
    listed: readonly Registry[],
    control: Int32Array,
    post: (message: ToThread) => void,
  ) {
    this.#control = control;
    this.#post = post;
    this.#isRegistryFixed = isRegistryFixed;
    this.#report = reporter("serve metrics on a thread", onError);
    this.#mirror = new Mirror({
      registries: listed,
      onError: reporter("keep metrics live", onError),
      onChange: () => this.#tellIdle(false),
    });
    this.handover = this.#mirror.handOver((chunk) =>
      post({ type: "chunk", chunk })
    );
    this.#registries = new RegistryList(
      registries,
      listed,
      (registries) => this.#mirror.mirror(registries),
      reporter("list registries", onError),
    );
    this.#heartbeat = new Heartbeat(control);
    if (registries.now) {
      this.#endLooking = inBackground(LOOK_MS, () => this.#registries.look());
    }
  }

  /** Does what nobody has to ask for; settles when all of it has ended. */
  async begin(): Promise<void> {
    try {
      // In a bundle no client is among the modules that were loaded.
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

  /** Lets go of the metrics, which are what they were. */
  end(): void {
    this.#heartbeat.end();
    this.#endLooking?.();
    this.#mirror.close();
  }

  /** Does what is asked, and tells the thread how it goes; never rejects. */
  async answer(request: RefreshRequest): Promise<void> {
    const { id, collect, patience } = request;
    if (!collect) {
      const refreshing = { id, collectors: [], overview: this.#overview() };
      return this.#post({ type: "refreshing", refreshing });
    }
    this.#heartbeat.begin(request, patience);
    await this.#registries.ask(patience);
    try {
      this.#refresh(request);
    } catch (error) {
      this.#report(error);
      // Without an answer it would seem to be blocked.
      const refreshing = { id, collectors: [], isFailed: true };
      this.#post({ type: "refreshing", refreshing });
    }
    this.#heartbeat.done(request);
  }

  /** The failure of a collector as it was thrown, if this is one. */
  original(failure: Error): Error {
    const { collector } = failure as Partial<CollectorError>;
    const thrown = this.#failures.get(collector ?? "");
    return thrown?.message === failure.message ? thrown : failure;
  }

  /** Begins what was asked for. */
  #refresh({ id, names, maxAge, patience }: RefreshRequest): void {
    const isWanted = nameFilter(names);
    const refreshing = this.#mirror.refresh({ isWanted, maxAge });
    const now = performance.now();
    const collectors = refreshing.map((each) => {
      const { name, startedAt } = each;
      const run = this.#runOf(each);
      run.isAsked = true;
      const ranFor = now - startedAt;
      if (ranFor < patience) this.#heartbeat.begin(run, patience);
      return { run: run.id, name, ranFor };
    });
    const isWhole = names.length === 0 && maxAge === 0;
    if (isWhole) {
      this.#tellIdle(
        collectors.length === 0 && this.#isRegistryFixed &&
          this.#mirror.isWatching,
      );
    }
    this.#post({ type: "refreshing", refreshing: { id, collectors } });
    if (isWhole) {
      const known = new Set(collectors.map(({ name }) => name));
      for (const name of this.#failures.keys()) {
        if (!known.has(name)) this.#failures.delete(name);
      }
    }
  }

  #tellIdle(isIdle: boolean): void {
    Atomics.store(this.#control, CONTROL.idle, Number(isIdle));
  }

  /** The run of a collector; its end is told once, however many ask. */
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
    const seconds = (performance.now() - startedAt) / 1000;
    this.#heartbeat.done(run);
    if (failure === undefined) this.#failures.delete(name);
    else this.#failures.set(name, failure);
    // Of a run that nobody has asked for, only its good end matters.
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
      const metrics = this.#registries.current.flatMap((each) => [
        ...each.getMetricsAsArray(),
      ]);
      return { ...overview, clients: clientsOf(metrics) };
    } catch {
      // A registry that fails is told of elsewhere.
      return overview;
    }
  }
}

import type { CollectorError } from "../errors.ts";
import { nameFilter } from "../exposition/name_filter.ts";
import { clientsOf } from "../exposition/registry_gatherer.ts";
import type { Mirror } from "../live/mirror.ts";
import type { Refreshing } from "../live/mirrored_metric.ts";
import { Batch } from "./batch.ts";
import type { Heartbeat } from "./heartbeat.ts";
import {
  type EndedCollector,
  FIRST_REQUEST,
  type MainOverview,
  type RefreshRequest,
  type ToThread,
} from "./protocol.ts";
import type { RegistryList } from "./registry_list.ts";
import { toSent } from "./sent_error.ts";

/** What a {@linkcode Refresher} works with. */
export interface RefresherOptions {
  readonly registries: RegistryList;
  readonly mirror: Mirror;
  readonly heartbeat: Heartbeat;
  readonly post: (message: ToThread) => void;
  /** Whether the registries are the same ones with every scrape. */
  readonly isRegistryFixed: boolean;
  /** Told by a scrape of all metrics whether there was nothing to do for it. */
  readonly tellIdle: (isIdle: boolean) => void;
  /** Takes what should not happen. */
  readonly report: (error: unknown) => void;
}

/** A run of a collector, and what there is to say of it. */
interface Run {
  readonly run: number;
  /** Settles when its end was told. */
  readonly told: Promise<void>;
}

/** Does on the main thread what scrapes on the other one ask of it. */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #runs = new WeakMap<Refreshing, Run>();
  #lastRun = 0;
  readonly #ended: Batch<EndedCollector>;
  /** What failed, by the metric, as it was thrown. */
  readonly #failures = new Map<string, CollectorError>();

  /** Makes one that nobody has asked yet. */
  constructor(options: RefresherOptions) {
    this.#options = options;
    this.#ended = new Batch((collectors) =>
      options.post({ type: "ended", collectors })
    );
  }

  /** Does what nobody has to ask for; settles when all of it has ended. */
  async begin(): Promise<void> {
    const runs = this.#attempt(FIRST_REQUEST);
    await Promise.all(runs.map(({ told }) => told));
  }

  /** Does what is asked, and tells the thread how it goes; never rejects. */
  async answer(request: RefreshRequest): Promise<void> {
    if (!request.collect) return this.#tell(request);
    const { heartbeat, registries } = this.#options;
    heartbeat.begin(request, request.patience);
    await registries.ask(request.patience);
    this.#attempt(request);
    heartbeat.done(request);
  }

  /** The failure of a collector as it was thrown, if this is one. */
  original(failure: Error): Error {
    const { collector } = failure as Partial<CollectorError>;
    const thrown = this.#failures.get(collector ?? "");
    return thrown?.message === failure.message ? thrown : failure;
  }

  #tell({ id }: RefreshRequest): void {
    const refreshing = { id, collectors: [], overview: this.#overview() };
    this.#options.post({ type: "refreshing", refreshing });
  }

  #attempt(request: RefreshRequest): readonly Run[] {
    try {
      return this.#refresh(request);
    } catch (error) {
      const { report, post } = this.#options;
      report(error);
      // Without an answer it would seem to be blocked.
      const refreshing = { id: request.id, collectors: [], isFailed: true };
      post({ type: "refreshing", refreshing });
      return [];
    }
  }

  /** Begins what was asked for. */
  #refresh(request: RefreshRequest): readonly Run[] {
    const { id, names, maxAge, patience } = request;
    const { mirror, heartbeat, post, isRegistryFixed } = this.#options;
    const refreshing = mirror.refresh({ isWanted: nameFilter(names), maxAge });
    const runs = refreshing.map((each) => this.#runOf(each));
    const now = performance.now();
    const collectors = refreshing.map(({ name, startedAt }, i) => {
      const { run } = runs[i];
      const ranFor = now - startedAt;
      if (ranFor < patience) heartbeat.begin(run, patience);
      return { run, name, ranFor };
    });
    const isWhole = names.length === 0 && maxAge === 0;
    if (isWhole) {
      this.#options.tellIdle(
        collectors.length === 0 && isRegistryFixed && mirror.isWatching,
      );
    }
    post({ type: "refreshing", refreshing: { id, collectors } });
    if (isWhole) {
      const known = new Set(collectors.map(({ name }) => name));
      for (const name of this.#failures.keys()) {
        if (!known.has(name)) this.#failures.delete(name);
      }
    }
    return runs;
  }

  /** The run of a collector; its end is told once, however many ask. */
  #runOf(refreshing: Refreshing): Run {
    let found = this.#runs.get(refreshing);
    if (found === undefined) {
      const run = ++this.#lastRun;
      found = { run, told: this.#tellEnd(run, refreshing) };
      this.#runs.set(refreshing, found);
    }
    return found;
  }

  async #tellEnd(run: number, refreshing: Refreshing): Promise<void> {
    const { name, startedAt, isCollector, refreshed } = refreshing;
    const failure = await refreshed;
    const seconds = (performance.now() - startedAt) / 1000;
    this.#options.heartbeat.done(run);
    if (failure === undefined) this.#failures.delete(name);
    else this.#failures.set(name, failure);
    this.#ended.add({
      run,
      name,
      ...isCollector && { seconds },
      ...failure !== undefined && { failure: toSent(failure) },
    });
  }

  #overview(): MainOverview {
    const { mirror, registries } = this.#options;
    const overview = { notLive: mirror.notLive, clients: [] };
    try {
      const metrics = registries.current.flatMap((each) => [
        ...each.getMetricsAsArray(),
      ]);
      return { ...overview, clients: clientsOf(metrics) };
    } catch {
      // A registry that fails is told of elsewhere.
      return overview;
    }
  }
}

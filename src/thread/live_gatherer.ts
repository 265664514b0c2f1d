import type { Deadline } from "../exposition/deadline.ts";
import type {
  Gatherer,
  Gathering,
  GatherRequest,
  Overview,
} from "../exposition/gather.ts";
import { nameFilter } from "../exposition/name_filter.ts";
import { packageMetric } from "../metrics/package_metric.ts";
import { mergeFamilies } from "../families/merge_families.ts";
import type { LiveReader, LiveReading } from "../live/reader.ts";
import { paced } from "../runtime/pace.ts";
import type { MetricFamily } from "../types.ts";
import type { MainThread, Refreshed } from "./main_thread.ts";

/** Gathers what another thread keeps in shared memory, live. */
export class LiveGatherer implements Gatherer {
  readonly #reader: LiveReader;
  readonly #main: MainThread;
  readonly #responsive = packageMetric(
    "gauge",
    "main_thread_responsive",
    "Whether the main thread has answered this scrape, or one a second ago at most (1), or is blocked (0).",
  );
  readonly #blocked = packageMetric(
    "gauge",
    "main_thread_blocked_seconds",
    "Time since the main thread gave a sign of life; 0 if it has answered.",
  );
  readonly #age = packageMetric(
    "gauge",
    "refresh_age_seconds",
    "Time since the main thread answered a scrape of all metrics.",
  );
  readonly #outdated = packageMetric(
    "gauge",
    "outdated_families",
    "Metrics that could not be read as they are now, and are as they were.",
  );

  /** Makes a gatherer that reads, and has the main thread refresh. */
  constructor(reader: LiveReader, main: MainThread) {
    this.#reader = reader;
    this.#main = main;
  }

  async gather(
    { names, deadline, maxAge }: GatherRequest,
  ): Promise<Gathering> {
    const refreshed = await this.#main.refresh({
      names,
      maxAge,
      deadline,
      collect: true,
    });
    const read = this.#reader.read();
    const isWanted = nameFilter(names);
    const wanted = ({ name, type }: MetricFamily) => isWanted(name, type);
    const merged = await paced(mergeFamilies(read.families.filter(wanted)));
    const own = this.#ownFamilies(read, refreshed);
    return {
      families: [...merged.families, ...own.filter(wanted)],
      failures: [
        ...refreshed.failures,
        ...read.failures.filter(({ collector }) => isWanted(collector, "")),
        ...merged.failures,
      ],
      durations: refreshed.durations,
    };
  }

  async overview(deadline: Deadline): Promise<Overview> {
    const maxAge = 0;
    await this.#main.refresh({ names: [], maxAge, deadline, collect: false });
    const { notLive, clients } = this.#main.overview;
    const reasons = new Map(notLive.map(({ name, reason }) => [name, reason]));
    const { families } = this.#reader.read();
    return {
      metrics: families.map(({ name, type, help }) => ({
        name,
        type,
        help,
        notLive: reasons.get(name),
      })),
      clients,
    };
  }

  /** What tells how old the rest is. */
  #ownFamilies(
    { families, late }: LiveReading,
    { isAnswered, silence }: Refreshed,
  ): MetricFamily[] {
    this.#responsive.of().set(isAnswered ? 1 : 0);
    this.#blocked.of().set(silence);
    this.#age.of().set(this.#main.refreshAge);
    this.#outdated.of().set(late);
    // Collectors come and go.
    const ages = packageMetric("gauge", ...COLLECTOR_AGE);
    this.#main.retain(new Set(families.map(({ name }) => name)));
    for (const { name } of families) {
      const seconds = this.#main.collectorAge(name);
      if (seconds !== undefined) ages.of({ collector: name }).set(seconds);
    }
    const metrics = [
      this.#responsive,
      this.#blocked,
      this.#age,
      this.#outdated,
    ];
    return [...metrics, ages]
      .filter(({ isEmpty }) => !isEmpty)
      .map(({ family }) => family);
  }
}

const COLLECTOR_AGE = [
  "collector_age_seconds",
  "Time since a metric was collected that is not live.",
] as const;

import type { Deadline } from "../gather/deadline.ts";
import type {
  Gatherer,
  Gathering,
  GatherRequest,
  Overview,
} from "../gather/gatherer.ts";
import { nameFilter } from "../gather/name_filter.ts";
import type { LiveReader, LiveReading } from "../memory/reader.ts";
import type { OwnMetric } from "../metrics/own_metric.ts";
import type { OwnRegistry } from "../metrics/own_registry.ts";
import type { MainThread, Refreshed } from "./main_thread.ts";

/** Gathers the metrics that another thread keeps in shared memory, live. */
export class LiveGatherer implements Gatherer {
  readonly #reader: LiveReader;
  readonly #main: MainThread;
  readonly #responsive: OwnMetric;
  readonly #blocked: OwnMetric;
  readonly #age: OwnMetric;
  readonly #outdated: OwnMetric;
  readonly #own: OwnRegistry;
  /** There from the first metric that is not live on. */
  #notLive: OwnMetric | undefined;
  /** There from the first collector on. */
  #collectorAge: OwnMetric | undefined;

  /**
   * Makes a gatherer that reads, and has the main thread refresh.
   *
   * @param own Gets metrics that tell how old the others are.
   */
  constructor(reader: LiveReader, main: MainThread, own: OwnRegistry) {
    this.#reader = reader;
    this.#main = main;
    this.#own = own;
    const gauge = (name: string, help: string) => own.add("gauge", name, help);
    this.#responsive = gauge(
      "main_thread_responsive",
      "Whether the main thread has answered this scrape, or one a second ago at most (1), or is blocked (0).",
    );
    this.#blocked = gauge(
      "main_thread_blocked_seconds",
      "Time since the main thread gave a sign of life; 0 if it has answered.",
    );
    this.#age = gauge(
      "refresh_age_seconds",
      "Time since the main thread answered a scrape of all metrics.",
    );
    this.#outdated = gauge(
      "outdated_families",
      "Metrics that could not be read as they are now, and are as they were.",
    );
  }

  async gather(request: GatherRequest): Promise<Gathering> {
    const refreshed = await this.#main.refresh({ ...request, collect: true });
    const read = this.#reader.read();
    this.#tell(read, refreshed);
    const isWanted = nameFilter(request.names);
    return {
      families: read.families.filter(({ name, type }) => isWanted(name, type)),
      failures: [
        ...refreshed.failures,
        ...read.failures.filter(({ collector }) => isWanted(collector, "")),
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

  /** Sets the metrics that tell how old the others are. */
  #tell(
    { families, notLive, late }: LiveReading,
    { isAnswered, silence }: Refreshed,
  ): void {
    this.#responsive.of().set(isAnswered ? 1 : 0);
    this.#blocked.of().set(silence);
    this.#age.of().set(this.#main.refreshAge);
    this.#outdated.of().set(late);
    this.#notLive?.retain(({ metric }) => notLive.includes(metric));
    for (const metric of notLive) {
      this.#notLive ??= this.#own.add(
        "gauge",
        "not_live",
        "Metrics that are as they were when the main thread read them last (1).",
      );
      this.#notLive.of({ metric }).set(1);
    }
    const names = new Set(families.map(({ name }) => name));
    this.#collectorAge?.retain(({ collector }) => names.has(collector));
    for (const [collector, seconds] of this.#main.collectorAges(names)) {
      this.#collectorAge ??= this.#own.add(
        "gauge",
        "collector_age_seconds",
        "Time since a metric was collected that is not live.",
      );
      this.#collectorAge.of({ collector }).set(seconds);
    }
  }
}

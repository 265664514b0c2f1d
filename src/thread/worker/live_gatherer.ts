import type { Deadline } from "../../runtime/wait.ts";
import type {
  Gatherer,
  Gathering,
  GatherRequest,
  Overview,
} from "../../gather/gather.ts";
import { nameFilter } from "../../gather/name_filter.ts";
import type { LiveReader, LiveReading } from "../../memory/reader.ts";
import type { MetricLister } from "../../metrics/leading_registry.ts";
import type { OwnMetric } from "../../metrics/own_metric.ts";
import type { OwnRegistry } from "../../metrics/own_registry.ts";
import type { MainProxy, Refreshed } from "./main_proxy.ts";

/** The metrics of the age of the others. */
const HELP = {
  main_thread_responsive:
    "Whether the main thread has answered this scrape, or one a second ago at most (1), or is blocked (0).",
  main_thread_blocked_seconds:
    "Time since the main thread gave a sign of life, to a second, or to the interval of runtimeMetrics(); 0 if it has answered.",
  refresh_age_seconds:
    "Time since the main thread answered a scrape of all metrics.",
  outdated_families:
    "Metrics that could not be read as they are now, and are as they were.",
  not_live:
    "Metrics that are as they were when the main thread read them last (1).",
  collector_age_seconds: "Time since a metric was collected that is not live.",
} as const;

/** Gathers the metrics that the main thread keeps in shared memory, live. */
export class LiveGatherer implements Gatherer {
  readonly #reader: LiveReader;
  readonly #main: MainProxy;
  readonly #setAges: ReturnType<typeof addAges>;
  readonly #ofProcess: MetricLister;
  #hasRead = false;

  /**
   * @param own Gets metrics of the age of the others.
   * @param ofProcess Lists the metrics of the process that are served.
   */
  constructor(
    reader: LiveReader,
    main: MainProxy,
    own: OwnRegistry,
    ofProcess: MetricLister = () => [],
  ) {
    this.#reader = reader;
    this.#ofProcess = ofProcess;
    this.#main = main;
    this.#setAges = addAges(own, main);
  }

  async gather(request: GatherRequest): Promise<Gathering> {
    // Metrics that collectors reset are served as they were read before.
    if (!this.#hasRead) this.#reader.read();
    this.#hasRead = true;
    const refreshed = await this.#main.refresh({ ...request, collect: true });
    const read = this.#reader.read();
    this.#setAges(read, refreshed);
    const isWanted = nameFilter(request.names);
    const ofProcess = this.#ofProcess().map(({ family }) => family);
    return {
      families: [...ofProcess, ...read.families]
        .filter(({ name, type }) => isWanted(name, type)),
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
      metrics: [...this.#ofProcess(), ...families].map(
        ({ name, type, help }) => (
          { name, type, help, notLive: reasons.get(name) }
        ),
      ),
      clients,
    };
  }
}

/** Adds the metrics of {@linkcode HELP}; yields a function that sets them. */
function addAges(own: OwnRegistry, main: MainProxy) {
  const gauge = (name: keyof typeof HELP) => own.add("gauge", name, HELP[name]);
  const responsive = gauge("main_thread_responsive");
  const blocked = gauge("main_thread_blocked_seconds");
  const age = gauge("refresh_age_seconds");
  const outdated = gauge("outdated_families");
  // These two appear with their first sample.
  let notLiveMetrics: OwnMetric | undefined;
  let collectorAge: OwnMetric | undefined;
  return (
    { families, notLive, late }: LiveReading,
    { isAnswered, silence }: Refreshed,
  ): void => {
    responsive.of().set(isAnswered ? 1 : 0);
    blocked.of().set(silence);
    age.of().set(main.refreshAge);
    outdated.of().set(late);
    notLiveMetrics?.retain(({ metric }) => notLive.includes(metric));
    for (const metric of notLive) {
      notLiveMetrics ??= gauge("not_live");
      notLiveMetrics.of({ metric }).set(1);
    }
    const names = new Set(families.map(({ name }) => name));
    collectorAge?.retain(({ collector }) => names.has(collector));
    for (const [collector, seconds] of main.collectorAges(names)) {
      collectorAge ??= gauge("collector_age_seconds");
      collectorAge.of({ collector }).set(seconds);
    }
  };
}

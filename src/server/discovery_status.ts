import type { Deadline } from "../exposition/deadline.ts";
import type {
  Gatherer,
  Gathering,
  GatherRequest,
  Overview,
} from "../exposition/gather.ts";
import { nameFilter } from "../exposition/name_filter.ts";
import { packageMetric } from "../metrics/package_metric.ts";

/** What service discovery has made of a server so far. */
export interface DiscoveryStatus {
  /** Whether it knows the server. */
  isRegistered: boolean;
  /** How often something went wrong since the start. */
  failures: number;
}

/** Gathers what another gatherer does, and what service discovery has made of it. */
export class DiscoveryGatherer implements Gatherer {
  readonly #inner: Gatherer;
  readonly #status: Readonly<DiscoveryStatus>;
  readonly #registered = packageMetric(
    "gauge",
    "discovery_registered",
    "Whether service discovery knows this server (1), or does not (0).",
  );
  readonly #failures = packageMetric(
    "counter",
    "discovery_failures_total",
    "What went wrong in service discovery since this server has started.",
  );

  /** Makes a gatherer that adds to another one. */
  constructor(inner: Gatherer, status: Readonly<DiscoveryStatus>) {
    this.#inner = inner;
    this.#status = status;
  }

  async gather(request: GatherRequest): Promise<Gathering> {
    const gathering = await this.#inner.gather(request);
    this.#registered.of().set(Number(this.#status.isRegistered));
    this.#failures.of().set(this.#status.failures);
    const isWanted = nameFilter(request.names);
    const own = [this.#registered, this.#failures]
      .filter(({ name, type }) => isWanted(name, type))
      .map(({ family }) => family);
    return { ...gathering, families: [...gathering.families, ...own] };
  }

  overview(deadline: Deadline): Promise<Overview> {
    return this.#inner.overview(deadline);
  }
}

import { storageOf } from "../clients/storage.ts";
import type { RegisteredMetric, Registry } from "../types.ts";
import type { Deadline } from "./deadline.ts";
import {
  gather,
  type Gatherer,
  type Gathering,
  type GatherRequest,
  type Overview,
} from "./gather.ts";
import { nameFilter } from "./name_filter.ts";
import { lateRegistriesError, type RegistryLister } from "./registries.ts";

/** Gathers from registries on this thread. */
export class RegistryGatherer implements Gatherer {
  readonly #registries: RegistryLister;

  /** Makes a gatherer that asks for its registries with every scrape. */
  constructor(registries: RegistryLister) {
    this.#registries = registries;
  }

  async gather(
    { names, deadline, maxAge }: GatherRequest,
  ): Promise<Gathering> {
    const isWanted = nameFilter(names);
    const registries = await this.#list(deadline);
    return await gather(registries, { isWanted, deadline, maxAge });
  }

  async overview(deadline: Deadline): Promise<Overview> {
    const metrics = (await this.#list(deadline)).flatMap((each) => [
      ...each.getMetricsAsArray(),
    ]);
    return {
      metrics: metrics.map(describeMetric),
      clients: clientsOf(metrics),
    };
  }

  async #list(deadline: Deadline): Promise<readonly Registry[]> {
    const asked = this.#registries();
    if (!(asked instanceof Promise)) return asked;
    if (await deadline.waitFor(asked)) return await asked;
    throw lateRegistriesError(deadline.ms);
  }
}

function describeMetric(
  metric: RegisteredMetric & { type?: unknown; help?: unknown },
): Overview["metrics"][number] {
  const { name, type, help } = metric;
  return { name, type: String(type ?? ""), help: String(help ?? "") };
}

/** Names the clients that have made metrics, where they are known. */
export function clientsOf(metrics: readonly RegisteredMetric[]): string[] {
  const names = metrics.map((metric) => storageOf(metric)?.name);
  return [...new Set(names.filter((name) => name !== undefined))];
}

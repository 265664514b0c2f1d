import { clientsOf } from "../clients/storage.ts";
import { hasCollector, registeredName } from "../clients/stored.ts";
import type { CollectorError } from "../errors.ts";
import {
  collectorError,
  partialErrors,
  timeoutError,
} from "../families/failures.ts";
import { isDue, rest } from "../runtime/pace.ts";
import { type Deadline, now } from "../runtime/wait.ts";
import type { MetricFamily, Registry } from "../types.ts";
import { nameFilter } from "./name_filter.ts";
import { lateRegistriesError, type RegistryLister } from "./registries.ts";
import {
  collectAll,
  collectPostponed,
  type WantedMetric,
} from "./wanted_metric.ts";

/** The families of a scrape, as they were gathered. */
export interface Gathering {
  /** Several may have the same name. */
  readonly families: readonly MetricFamily[];
  /** One for each metric that is missing there, in whole or in part. */
  readonly failures: readonly CollectorError[];
  /** How long each collector took that has ended, in seconds. */
  readonly durations: ReadonlyMap<string, number>;
  /** The names of metrics that a leading registry has taken the place of. */
  readonly leftOut?: readonly string[];
}

/** The part of a scrape that decides what is gathered. */
export interface GatherRequest {
  /** The names that it is restricted to; none for all metrics. */
  readonly names: readonly string[];
  /** How long collectors have. */
  readonly deadline: Deadline;
  /** For how many milliseconds after its start a collector's run is reused. */
  readonly maxAge: number;
}

export interface ListedMetric extends Pick<MetricFamily, "name" | "help"> {
  readonly type: string;
  /** Why its values are not live, where all others are. */
  readonly notLive?: string;
}

/** The metrics, for people. */
export interface Overview {
  readonly metrics: readonly ListedMetric[];
  /** The client packages that have made them, where they are known. */
  readonly clients: readonly string[];
}

/** Where the metrics of a handler come from. */
export interface Gatherer {
  /** @throws {Error} If there is no registry. */
  gather(request: GatherRequest): Promise<Gathering>;
  /**
   * Lists the metrics, without collecting them.
   *
   * @throws {Error} If there is no registry before the deadline.
   */
  overview(deadline: Deadline): Promise<Overview>;
}

/** Gathers from registries on this thread. */
export class RegistryGatherer implements Gatherer {
  readonly #registries: RegistryLister;

  constructor(registries: RegistryLister) {
    this.#registries = registries;
  }

  async gather(request: GatherRequest): Promise<Gathering> {
    return await gather(await this.#list(request.deadline), request);
  }

  async overview(deadline: Deadline): Promise<Overview> {
    const registries = await this.#list(deadline);
    const listed = registries.flatMap((registry) =>
      [...registry.getMetricsAsArray()].map((metric) => ({ registry, metric }))
    );
    return {
      metrics: listed.map(({ registry, metric }) => {
        const { name, type, help } = metric as Partial<MetricFamily>;
        return {
          name: registeredName(registry, metric) ?? name!,
          type: String(type ?? ""),
          help: String(help ?? ""),
        };
      }),
      clients: clientsOf(listed.map(({ metric }) => metric)),
    };
  }

  async #list(deadline: Deadline): Promise<readonly Registry[]> {
    const listed = this.#registries();
    if (!(listed instanceof Promise)) return listed;
    if (await deadline.waitFor(listed)) return await listed;
    throw lateRegistriesError(deadline.ms);
  }
}

/** Series that are read in a millisecond, at least. */
const SERIES_IN_MS = 500;

/**
 * Gathers the metrics of registries, all collectors at once. A metric that fails,
 * or is not ready by the deadline, is left out and named.
 *
 * The registries are only read. Metrics are read when all collectors have ended,
 * since those may set others, or when just enough time is left for it. One that was
 * reset then, while a collector is still running, is served as it was before.
 */
export async function gather(
  registries: readonly Registry[],
  { names = [], deadline, maxAge = 0 }:
    & Partial<GatherRequest>
    & Pick<GatherRequest, "deadline">,
): Promise<Gathering> {
  const families: MetricFamily[] = [];
  const durations = new Map<string, number>();
  const isWanted = names.length === 0 ? undefined : nameFilter(names);
  const wanted = collectAll(registries, isWanted, maxAge);
  const { all, postponed, leftOut, failures } = wanted;
  const collecting = await waitForRuns(all, all, deadline);
  for (const each of postponed) collectPostponed(each);
  if (postponed.length > 0) await waitForRuns(postponed, all, deadline);
  const readAt = now();
  const isFilling = collecting.some(isRunning);
  const isCollecting = isFilling || all.some(isRunning);
  for (const { source, run, ready, failure } of all) {
    let pieces = 1;
    try {
      if (failure !== undefined) throw failure.reason;
      if (run !== undefined) {
        const { startedAt, endedAt } = run;
        if (endedAt === undefined) {
          failures.push(timeoutError(source.name, now() - startedAt));
          continue;
        }
        if (hasCollector(source.metric)) {
          durations.set(source.name, (endedAt - startedAt) / 1000);
        }
      }
      const before = isCollecting && run === undefined
        ? source.beforeReset(isFilling)
        : undefined;
      const reading = ready ?? before ?? source.family(run, readAt);
      const family = reading instanceof Promise ? await reading : reading;
      families.push(family);
      if (family.duplicates || family.wrong) {
        failures.push(...partialErrors(source.name, family));
      }
      pieces += family.series.length;
    } catch (error) {
      failures.push(collectorError(source.name, error));
    }
    if (isDue(pieces)) await rest();
  }
  return { families, failures, durations, leftOut };
}

function isRunning({ run }: WantedMetric): boolean {
  return run !== undefined && run.endedAt === undefined;
}

/** Waits for the runs of some metrics, of all; yields those that it waited for. */
async function waitForRuns(
  some: readonly WantedMetric[],
  all: readonly WantedMetric[],
  deadline: Deadline,
): Promise<readonly WantedMetric[]> {
  const at = now();
  const awaited: WantedMetric[] = [];
  const pending: unknown[] = [];
  for (const each of some) {
    if (!isRunning(each)) continue;
    const { startedAt, pending: run } = each.run!;
    // A run that has lasted as long as a whole scrape is not waited for again.
    if (at - startedAt >= deadline.ms) continue;
    awaited.push(each);
    pending.push(run);
  }
  if (awaited.length > 0) {
    const series = all.reduce((sum, { source }) => sum + source.size, 0);
    const readMs = Math.min(Math.floor(series / SERIES_IN_MS), deadline.ms / 2);
    await deadline.waitFor(Promise.all(pending), deadline.ms - readMs);
  }
  return awaited;
}

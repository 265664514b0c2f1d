import { hasCollector } from "../clients/registry.ts";
import { clientsOf } from "../clients/recognise.ts";
import { describe } from "../describe.ts";
import { CollectorError } from "../errors.ts";
import {
  collectorError,
  duplicateError,
  timeoutError,
} from "../families/failures.ts";
import { rest } from "../runtime/pace.ts";
import type { MetricFamily, RegisteredMetric, Registry } from "../types.ts";
import type { CollectorRun } from "./collector.ts";
import type { Deadline } from "./deadline.ts";
import type {
  Gatherer,
  Gathering,
  GatherRequest,
  Overview,
} from "./gatherer.ts";
import { type NameFilter, nameFilter } from "./name_filter.ts";
import { lateRegistriesError, type RegistryLister } from "./registries.ts";
import { type MetricSource, RegistrySources } from "./source.ts";
import type { ReadFamily } from "./rows.ts";

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
    const isWanted = names.length === 0 ? undefined : nameFilter(names);
    const listed = this.#registries.fixed ?? this.#registries();
    const registries = listed instanceof Promise
      ? await inTime(listed, deadline)
      : listed;
    return await gather(registries, { isWanted, deadline, maxAge });
  }

  async overview(deadline: Deadline): Promise<Overview> {
    const registries = await inTime(this.#registries(), deadline);
    const metrics = registries.flatMap((each) => [...each.getMetricsAsArray()]);
    return {
      metrics: metrics.map((metric) => {
        const { name, type, help } = metric as Partial<MetricFamily>;
        return {
          name: name!,
          type: String(type ?? ""),
          help: String(help ?? ""),
        };
      }),
      clients: clientsOf(metrics),
    };
  }
}

async function inTime(
  listed: ReturnType<RegistryLister>,
  deadline: Deadline,
): Promise<readonly Registry[]> {
  if (await deadline.waitFor(Promise.resolve(listed))) return await listed;
  throw lateRegistriesError(deadline.ms);
}

/** Which metrics are wanted, and how long they are waited for. */
export interface GatherOptions {
  /**
   * Tells which metrics are collected, by name and type.
   *
   * @default {undefined} All are.
   */
  readonly isWanted?: NameFilter;
  /** How long collectors have. */
  readonly deadline: Deadline;
  /**
   * For how long, in milliseconds since its beginning, what was read of a metric
   * is good enough for this scrape as well.
   *
   * @default {0}
   */
  readonly maxAge?: number;
}

/** A metric that is wanted. */
interface WantedMetric {
  readonly name: string;
  /** Whether its collector does more than to read its values. */
  readonly isCollector: boolean;
  readonly source: MetricSource;
  /** The run of its collector, if it has one. */
  readonly run: CollectorRun | undefined;
  /** Its family, of an earlier scrape or from when the run ends. */
  readonly ready: ReadFamily | Promise<ReadFamily> | undefined;
}

/** After so many series the clock is looked at. */
const SERIES = 1024;

/** So many series are read in a millisecond, at least. */
const SERIES_IN_MS = 500;

/**
 * Gathers the metrics of registries, all collectors at once. What fails, or is
 * not there by the deadline, is left out and named.
 *
 * The registries are only read. Metrics are read when all collectors have ended,
 * since those may set others, or when there is just enough time left for it.
 */
export async function gather(
  registries: readonly Registry[],
  { isWanted, deadline, maxAge = 0 }: GatherOptions,
): Promise<Gathering> {
  const families: MetricFamily[] = [];
  const failures: CollectorError[] = [];
  const durations = new Map<string, number>();
  const wanted = collectAll(registries, isWanted, maxAge, failures);
  let now = performance.now();
  const pending: Promise<void>[] = [];
  for (const { run } of wanted) {
    if (run?.pending === undefined || run.endedAt !== undefined) continue;
    // One that had as long as this scrape has is not waited for again.
    if (now - run.startedAt < deadline.ms) pending.push(run.pending);
  }
  if (pending.length > 0) {
    await waitFor(pending, wanted, deadline);
    now = performance.now();
  }
  let unpaced = 0;
  for (const { name, isCollector, source, run, ready } of wanted) {
    if (run !== undefined && run.endedAt === undefined) {
      failures.push(timeoutError(name, performance.now() - run.startedAt));
      continue;
    }
    if (run !== undefined && isCollector) {
      durations.set(name, (run.endedAt! - run.startedAt) / 1000);
    }
    try {
      const reading = ready ?? source.family(run, now);
      const read = reading instanceof Promise ? await reading : reading;
      families.push(read.family);
      if (read.duplicates > 0) {
        failures.push(duplicateError(name, read.duplicates));
      }
      unpaced += read.family.series.length + 1;
    } catch (error) {
      failures.push(collectorError(name, error));
    }
    if (unpaced < SERIES) continue;
    unpaced = 0;
    await rest();
  }
  return { families, failures, durations };
}

/** Lists the metrics that are wanted, and runs their collectors. */
function collectAll(
  registries: readonly Registry[],
  isWanted: NameFilter | undefined,
  maxAge: number,
  failures: CollectorError[],
): WantedMetric[] {
  const wanted: WantedMetric[] = [];
  const seen = new Map<string, Set<RegisteredMetric>>();
  for (const registry of registries) {
    const sources = RegistrySources.of(registry);
    // A metric in two registries with the same default labels is one.
    let listed = seen.get(sources.spelled);
    if (listed === undefined) seen.set(sources.spelled, listed = new Set());
    for (const [place, metric] of registry.getMetricsAsArray().entries()) {
      if (listed.has(metric)) continue;
      if (registries.length > 1) listed.add(metric);
      if (typeof metric !== "object" || metric === null) {
        const message = "Cannot gather a metric: a registry must list " +
          `objects, received ${describe(metric)}`;
        const failure = "error";
        failures.push(new CollectorError({ collector: "", failure, message }));
        continue;
      }
      let name = "";
      try {
        name = String(metric.name);
        const { type } = metric as { type?: unknown };
        if (isWanted?.(name, type) === false) continue;
        const source = sources.sourceOf(metric, place);
        if (source.wantedBy === wanted) continue;
        source.wantedBy = wanted;
        const kept = maxAge > 0
          ? source.since(performance.now() - maxAge)
          : undefined;
        const run = kept === undefined ? source.collect() : undefined;
        const isCollector = run !== undefined && hasCollector(metric);
        // It is read as soon as it ends: another scrape may begin the next run.
        const reading = run?.pending?.then(() => source.family(run));
        reading?.catch(() => {});
        const ready = kept ?? reading;
        wanted.push({ name, isCollector, source, run, ready });
      } catch (error) {
        failures.push(collectorError(name, error));
      }
    }
  }
  return wanted;
}

/**
 * Waits for collectors until they have ended, or there is just enough time left
 * to read all metrics.
 */
async function waitFor(
  pending: readonly Promise<void>[],
  wanted: readonly WantedMetric[],
  deadline: Deadline,
): Promise<void> {
  const series = wanted.reduce((sum, { source }) => sum + source.size, 0);
  const readMs = Math.min(Math.floor(series / SERIES_IN_MS), deadline.ms / 2);
  await deadline.waitFor(Promise.all(pending), deadline.ms - readMs);
}

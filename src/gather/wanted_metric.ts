import { nameOf } from "../clients/stored.ts";
import type { CollectorError } from "../errors.ts";
import {
  collectorError,
  noMetricError,
  type Reading,
} from "../families/failures.ts";
import { leaderOf } from "../metrics/leading_registry.ts";
import { now } from "../runtime/wait.ts";
import type { RegisteredMetric, Registry } from "../types.ts";
import type { CollectorRun } from "./collector_run.ts";
import type { NameFilter } from "./name_filter.ts";
import { type MetricSource, MetricSources } from "./metric_source.ts";

/** A metric of one scrape. */
export interface WantedMetric {
  readonly source: MetricSource;
  run?: CollectorRun;
  /** Its family, of an earlier scrape or from when the run ends. */
  ready?: Reading;
  /** Why it could not be asked. */
  failure?: { readonly reason: unknown };
}

export interface WantedMetrics {
  readonly all: readonly WantedMetric[];
  /** Those that are to be asked when the collectors have ended. */
  readonly postponed: readonly WantedMetric[];
  /** The names of those that another registry leads. */
  readonly leftOut: readonly string[];
  /** Those that could not be collected. */
  readonly failures: CollectorError[];
}

let scrapes = 0;

/** Lists the wanted metrics, each once, and runs their collectors. */
export function collectAll(
  registries: readonly Registry[],
  isWanted: NameFilter | undefined,
  maxAge: number,
): WantedMetrics {
  const leader = registries.length > 1 ? leaderOf(registries) : undefined;
  const scrape = ++scrapes;
  const all: WantedMetric[] = [];
  const postponed: WantedMetric[] = [];
  const leftOut: string[] = [];
  const failures: CollectorError[] = [];
  const seen = new Map<string, Set<RegisteredMetric>>();
  for (const registry of registries) {
    const sources = MetricSources.of(registry);
    // A metric in two registries with the same default labels is one.
    let listed = seen.get(sources.spelled);
    if (listed === undefined) seen.set(sources.spelled, listed = new Set());
    let place = 0;
    for (const metric of registry.getMetricsAsArray()) {
      const at = place++;
      if (listed.has(metric)) continue;
      if (registries.length > 1) listed.add(metric);
      if (typeof metric !== "object" || metric === null) {
        failures.push(noMetricError(metric));
        continue;
      }
      try {
        const source = sources.sourceOf(metric, at);
        const { type } = metric as { type?: unknown };
        if (isWanted?.(source.name, type) === false) continue;
        if (registry !== leader && leader?.names.has(source.name)) {
          leftOut.push(source.name);
          continue;
        }
        if (source.listedIn === scrape) continue;
        source.listedIn = scrape;
        const ready = maxAge > 0 ? source.since(now() - maxAge) : undefined;
        const wanted: WantedMetric = { source, run: undefined, ready };
        if (ready === undefined) {
          collect(wanted, true);
          if (source.isPostponed) postponed.push(wanted);
        }
        all.push(wanted);
      } catch (error) {
        failures.push(collectorError(nameOf(metric), error));
      }
    }
    sources.endAt(place);
  }
  return { all, postponed, leftOut, failures };
}

/** Collects a metric that was postponed. */
export function collectPostponed(wanted: WantedMetric): void {
  try {
    collect(wanted);
  } catch (reason) {
    wanted.failure = { reason };
  }
}

/**
 * Runs the collector of a metric, and reads that as soon as the run ends: another
 * scrape may begin the next one.
 */
function collect(wanted: WantedMetric, isFirst?: boolean): void {
  const { source } = wanted;
  const run = wanted.run = source.collect(isFirst);
  if (run?.pending === undefined) return;
  const ready = run.pending.then(() => source.family(run));
  ready.catch(() => {});
  wanted.ready = ready;
}

import { defaultLabelsOf, hasCollector } from "../clients/shape.ts";
import { describe } from "../describe.ts";
import { CollectorError } from "../errors.ts";
import { paced, type Steps } from "../runtime/pace.ts";
import type { MetricFamily, RegisteredMetric, Registry } from "../types.ts";
import type { CollectorRun } from "../families/collect.ts";
import type { Deadline } from "./deadline.ts";
import {
  collectorError,
  duplicateError,
  timeoutError,
} from "../families/failures.ts";
import { mergeFamilies } from "../families/merge_families.ts";
import { readerOf } from "../families/metric_reader.ts";
import type { Reading } from "../families/reading.ts";
import type { NameFilter } from "./name_filter.ts";

/** What was gathered for a scrape. */
export interface Gathering {
  /** The families, each name once. */
  readonly families: readonly MetricFamily[];
  /** What is not in them. */
  readonly failures: readonly CollectorError[];
  /** How long each collector took that has ended, in seconds. */
  readonly durations: ReadonlyMap<string, number>;
}

/** What a scrape asks for. */
export interface GatherRequest {
  /** The names that it is restricted to; none for all metrics. */
  readonly names: readonly string[];
  /** How long collectors have. */
  readonly deadline: Deadline;
  /**
   * For how long, in milliseconds since its beginning, what a collector did is
   * good enough for this scrape, too.
   */
  readonly maxAge: number;
}

/** A metric, for people. */
export interface ListedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Why its values are not live, where all others are. */
  readonly notLive?: string;
}

/** What there is to be gathered, for people. */
export interface Overview {
  readonly metrics: readonly ListedMetric[];
  /** The client packages that have made them, where they are known. */
  readonly clients: readonly string[];
}

/** Where the metrics of a handler come from. */
export interface Gatherer {
  /**
   * Gathers metrics.
   *
   * @throws {Error} If there is no registry.
   */
  gather(request: GatherRequest): Promise<Gathering>;
  /**
   * Lists the metrics, without collecting them.
   *
   * @throws {Error} If there is no registry before the deadline.
   */
  overview(deadline: Deadline): Promise<Overview>;
}

/** A metric that is read. */
interface ListedReading {
  readonly name: string;
  /** Whether it does more than to read its values. */
  readonly isCollector: boolean;
  readonly reading: Reading;
}

/** Which metrics are wanted, and how long they are waited for. */
export interface GatherOptions {
  /** Which metrics are collected. */
  readonly isWanted: NameFilter;
  /** How long collectors have. */
  readonly deadline: Deadline;
  /**
   * For how long, in milliseconds since its beginning, what was read of a metric
   * is good enough for this scrape, too.
   */
  readonly maxAge?: number;
}

/**
 * Gathers the metrics of registries, all collectors at once. What fails, or is
 * not there by the deadline, is left out and named.
 *
 * The registries are only read. Scrapes that overlap share what is read of a
 * metric.
 */
export async function gather(
  registries: readonly Registry[],
  { isWanted, deadline, maxAge = 0 }: GatherOptions,
): Promise<Gathering> {
  const failures: CollectorError[] = [];
  const listed: ListedReading[] = [];
  for (const [registry, metric] of listMetrics(registries)) {
    if (typeof metric !== "object" || metric === null) {
      failures.push(noMetricError(metric));
      continue;
    }
    let name = "";
    try {
      name = String(metric.name);
      if (!isWanted(name, typeOf(metric))) continue;
      const isCollector = hasCollector(metric);
      const reading = readerOf(registry, metric).read(maxAge);
      listed.push({ name, isCollector, reading });
    } catch (error) {
      failures.push(collectorError(name, error));
    }
  }
  await readAll(listed.map(({ reading }) => reading), deadline);

  const found: MetricFamily[] = [];
  const durations = new Map<string, number>();
  for (const { name, isCollector, reading } of listed) {
    const { run } = reading;
    if (run !== undefined && run.endedAt === undefined) {
      failures.push(timeoutError(name, performance.now() - run.startedAt));
      continue;
    }
    if (isCollector && run?.endedAt !== undefined) {
      durations.set(name, (run.endedAt - run.startedAt) / 1000);
    }
    const outcome = reading.outcome ?? await reading.ended();
    if (outcome.status === "rejected") {
      failures.push(collectorError(name, outcome.reason));
      continue;
    }
    const { family, duplicates } = outcome.value;
    found.push(family);
    if (duplicates > 0) failures.push(duplicateError(name, duplicates));
  }
  const merged = await paced(mergeFamilies(found));
  failures.push(...merged.failures);
  return { families: merged.families, failures, durations };
}

/** Lists the metrics; one that two registries have with the same labels once. */
function* listMetrics(
  registries: readonly Registry[],
): Generator<[Registry, RegisteredMetric]> {
  const seen = new Map<string, Set<RegisteredMetric>>();
  for (const registry of registries) {
    const labels = registries.length === 1
      ? ""
      : JSON.stringify(defaultLabelsOf(registry));
    let listed = seen.get(labels);
    if (listed === undefined) seen.set(labels, listed = new Set());
    for (const metric of registry.getMetricsAsArray()) {
      if (listed.has(metric)) continue;
      listed.add(metric);
      yield [registry, metric];
    }
  }
}

function typeOf(metric: RegisteredMetric & { type?: unknown }): unknown {
  return metric.type;
}

/**
 * Reads the metrics; those that have no collector when the others' have ended,
 * which may set them, or when half of the time is over.
 */
async function readAll(
  readings: readonly Reading[],
  deadline: Deadline,
): Promise<void> {
  const runs = readings.flatMap(({ run }) => run ?? []);
  const held = readings.filter(({ run }) => run === undefined);
  if (held.length > 0) {
    await collectAll(runs, deadline, deadline.ms / 2);
    await paced(readHeld(held));
  }
  await collectAll(runs, deadline, deadline.ms);
}

function* readHeld(readings: readonly Reading[]): Steps<void> {
  for (const reading of readings) {
    yield* reading.read();
    yield;
  }
}

/** Waits for collectors, unless they had as long already. */
async function collectAll(
  runs: readonly CollectorRun[],
  deadline: Deadline,
  ms: number,
): Promise<void> {
  const now = performance.now();
  const awaited = runs
    // One that had as long as this scrape has is not waited for again.
    .filter(({ startedAt, endedAt }) =>
      endedAt === undefined && now - startedAt < ms
    )
    .map(({ collected }) => collected);
  if (awaited.length > 0) {
    await deadline.waitFor(Promise.allSettled(awaited), ms);
  }
}

function noMetricError(metric: unknown): CollectorError {
  return new CollectorError({
    collector: "",
    failure: "error",
    message: "Cannot gather a metric: a registry must list objects, received " +
      describe(metric),
  });
}

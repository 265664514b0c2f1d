import {
  type ClientStorage,
  storageOf,
  type StoredChunk,
  type StoredHistogram,
  type StoredMetric,
  type StoredValue,
} from "../clients/storage.ts";
import { describe } from "../describe.ts";
import type { CollectedValue, MetricType, RegisteredMetric } from "../types.ts";
import { hasSum } from "./family_layout.ts";

const TYPES: readonly unknown[] = [
  "counter",
  "gauge",
  "histogram",
  "summary",
  "unknown",
] satisfies MetricType[];

/** What a metric holds after its collector has run. */
export type Collected =
  & { readonly name: string; readonly help: string }
  & (
    | {
      readonly type: Exclude<MetricType, "histogram" | "summary">;
      /** One a series, of the metric's own name. */
      readonly values: () => Iterable<StoredChunk<CollectedValue>>;
    }
    | {
      readonly type: "histogram";
      readonly upperBounds: readonly number[];
      /** One a series. */
      readonly stored: () => Iterable<StoredChunk<StoredHistogram>>;
    }
    | {
      readonly type: "histogram" | "summary";
      readonly stored?: undefined;
      /** One a sample. */
      readonly samples: readonly CollectedValue[];
    }
  );

/** A run of a metric's collector. */
export interface CollectorRun {
  /** What it comes to. */
  readonly collected: Promise<Collected>;
  /** When it began, on the monotonic clock, in milliseconds. */
  readonly startedAt: number;
  /** When it ended, if it has. */
  endedAt?: number;
}

const running = new WeakMap<RegisteredMetric, CollectorRun>();

/** Runs a metric's collector. Whoever asks while it runs gets the same run. */
export function collect(metric: RegisteredMetric): CollectorRun {
  const current = running.get(metric);
  if (current !== undefined) return current;
  const startedAt = performance.now();
  const started: CollectorRun = { collected: run(metric), startedAt };
  const end = () => {
    started.endedAt = performance.now();
    running.delete(metric);
  };
  started.collected.then(end, end);
  running.set(metric, started);
  return started;
}

async function run(metric: RegisteredMetric): Promise<Collected> {
  const storage = storageOf(metric);
  if (storage === undefined) return await ask(metric);
  const stored = metric as StoredMetric;
  if (stored.collect) await stored.collect();
  return contentsOf(stored, storage);
}

/** Finds what a metric holds, if for that nothing of it has to be called. */
export function held(metric: RegisteredMetric): Collected | undefined {
  const storage = storageOf(metric);
  const stored = metric as StoredMetric;
  if (storage === undefined || stored.collect) return undefined;
  return contentsOf(stored, storage);
}

function contentsOf(metric: StoredMetric, storage: ClientStorage): Collected {
  const { name, help, type, upperBounds = [] } = metric;
  return type === "histogram"
    ? { name, help, type, upperBounds, stored: () => storage.list(metric) }
    : { name, help, type, values: () => storage.list<StoredValue>(metric) };
}

/** Asks a metric for its values; what is wrong with them is thrown. */
async function ask(metric: RegisteredMetric): Promise<Collected> {
  if (typeof metric.get !== "function") {
    throw new TypeError(
      `it must have the method get(), received ${describe(metric)}`,
    );
  }
  const { name, help, type, values } = await metric.get();
  if (typeof name !== "string" || name === "") {
    throw new TypeError(
      "its name must be a string that is not empty, received " +
        describe(name),
    );
  }
  if (!TYPES.includes(type)) {
    throw new TypeError(
      `its type must be one of ${TYPES.join(", ")}, received ${describe(type)}`,
    );
  }
  const ofType = type as MetricType;
  if (!Array.isArray(values)) {
    throw new TypeError(
      `its values must be an array, received ${describe(values)}`,
    );
  }
  if (hasSum(ofType)) {
    return { name, help, type: ofType, samples: values };
  }
  const other = values.find(({ metricName = name }) => metricName !== name);
  if (other !== undefined) {
    throw new TypeError(
      `the samples of a ${ofType} must have its name, received ` +
        describe(other.metricName),
    );
  }
  return { name, help, type: ofType, values: () => [{ entries: values }] };
}

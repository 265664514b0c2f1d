import { defaultLabelsOf } from "../clients/shape.ts";
import { paced, rest, type Steps } from "../runtime/pace.ts";
import type { RegisteredMetric, Registry } from "../types.ts";
import { collect, type Collected, type CollectorRun, held } from "./collect.ts";
import { defaultsFor } from "./make_series.ts";
import { type ReadFamily, readFamily } from "./read_family.ts";
import { Reading } from "./reading.ts";
import { SeriesTable } from "./series_table.ts";

/** Reads one metric of a registry, from one scrape to the next. */
export class MetricReader {
  readonly #registry: Registry;
  readonly #metric: RegisteredMetric;
  #table = new SeriesTable({});
  #defaults = "{}";
  #last: Reading | undefined;

  /** Makes a reader that has not read yet. */
  constructor(registry: Registry, metric: RegisteredMetric) {
    this.#registry = registry;
    this.#metric = metric;
  }

  /**
   * Reads the metric, unless that is being done, or was begun less than `maxAge`
   * milliseconds ago and has succeeded.
   */
  read(maxAge: number): Reading {
    const last = this.#last;
    if (last !== undefined) {
      const { outcome, startedAt } = last;
      if (outcome === undefined) return last;
      if (outcome.status === "fulfilled") {
        if (performance.now() - startedAt < maxAge) return last;
      }
    }
    return this.#last = this.#begin();
  }

  #begin(): Reading {
    const held = heldBy(this.#metric);
    if (held !== undefined) return Reading.of(this.#read(held));
    const run = collect(this.#metric);
    return Reading.after(run, this.#readAfter(run));
  }

  async #readAfter({ collected }: CollectorRun): Promise<ReadFamily> {
    const metric = await collected;
    return await inTurn(async () => {
      await rest();
      return await paced(this.#read(metric));
    });
  }

  *#read(metric: Collected): Steps<ReadFamily> {
    const labels = defaultsFor(metric.type, defaultLabelsOf(this.#registry));
    const defaults = JSON.stringify(labels);
    if (defaults !== this.#defaults) {
      this.#table = new SeriesTable(labels);
      this.#defaults = defaults;
    }
    return yield* readFamily(metric, this.#table);
  }
}

/** What a metric holds, if that can be told without asking it. */
function heldBy(metric: RegisteredMetric): Collected | undefined {
  try {
    return held(metric);
  } catch {
    // It is asked for the sake of the failure.
    return undefined;
  }
}

let lastTurn: Promise<unknown> = Promise.resolve();

/** Reads after all that are being read: at once they would be no sooner there. */
function inTurn<T>(read: () => Promise<T>): Promise<T> {
  const turn = lastTurn.then(read);
  lastTurn = turn.catch(() => {});
  return turn;
}

const readers = new WeakMap<
  Registry,
  WeakMap<RegisteredMetric, MetricReader>
>();

/** Finds the reader of a metric, which all scrapes share. */
export function readerOf(
  registry: Registry,
  metric: RegisteredMetric,
): MetricReader {
  let ofRegistry = readers.get(registry);
  if (ofRegistry === undefined) {
    readers.set(registry, ofRegistry = new WeakMap());
  }
  let reader = ofRegistry.get(metric);
  if (reader === undefined) {
    ofRegistry.set(metric, reader = new MetricReader(registry, metric));
  }
  return reader;
}

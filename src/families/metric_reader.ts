import { defaultLabelsOf } from "../clients/shape.ts";
import { paced, rest } from "../runtime/pace.ts";
import type { RegisteredMetric, Registry } from "../types.ts";
import { collect, type CollectorRun } from "./collect.ts";
import { defaultsFor } from "./make_series.ts";
import { type ReadFamily, readFamily } from "./read_family.ts";
import { SeriesTable } from "./series_table.ts";

/** A metric that is being read, or was. */
export interface Reading {
  /** The run of its collector. */
  readonly run: CollectorRun;
  /** What comes of it. */
  readonly family: Promise<ReadFamily>;
  /** Whether that has settled, and how. */
  state: "pending" | "fulfilled" | "rejected";
}

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
    if (last?.state === "pending") return last;
    if (last?.state === "fulfilled") {
      if (performance.now() - last.run.startedAt < maxAge) return last;
    }
    const run = collect(this.#metric);
    const reading: Reading = { run, family: this.#read(run), state: "pending" };
    reading.family.then(
      () => reading.state = "fulfilled",
      () => reading.state = "rejected",
    );
    return this.#last = reading;
  }

  async #read({ collected }: CollectorRun): Promise<ReadFamily> {
    const metric = await collected;
    return await inTurn(async () => {
      await rest();
      const labels = defaultsFor(metric.type, defaultLabelsOf(this.#registry));
      const defaults = JSON.stringify(labels);
      if (defaults !== this.#defaults) {
        this.#table = new SeriesTable(labels);
        this.#defaults = defaults;
      }
      return await paced(readFamily(metric, this.#table));
    });
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

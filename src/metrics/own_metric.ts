import { addExemplar } from "../families/exemplars.ts";
import { hasSum, makeSeries, valueArray } from "../families/series.ts";
import { commonText } from "../families/text.ts";
import type {
  CollectedMetric,
  CollectedValue,
  Exemplar,
  MetricFamily,
  RegisteredMetric,
  Series,
} from "../types.ts";
import { Cell, HISTOGRAM } from "../memory/cell.ts";
import {
  OwnSeries,
  type SeriesKeeper,
  type SeriesOwner,
} from "./own_series.ts";

type Labels = Readonly<Record<string, string>>;

/** The description of an {@linkcode OwnMetric}. */
export interface OwnMetricOptions {
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly name: string;
  readonly help: string;
  /** The names of its labels; all are names that need no escaping. */
  readonly labelNames?: readonly string[];
  /** Of a histogram the upper bounds of its buckets, ascending and finite. */
  readonly bounds?: readonly number[];
}

/**
 * A metric of the package's own: no client is needed for it. It can be served by
 * itself, or registered with any client's registry.
 */
export class OwnMetric implements RegisteredMetric, SeriesOwner {
  // The clients cut `_total` from it when they write OpenMetrics themselves.
  name: string;
  readonly help: string;
  readonly type: OwnMetricOptions["type"];
  readonly labelNames: readonly string[];
  readonly bounds: readonly number[];
  /** How the clients add up the metrics of a cluster's workers. */
  readonly aggregator = "sum";
  /** Whoever keeps the values, if somebody does. */
  keeper: SeriesKeeper | undefined;
  /** By their labels as the formats write them. */
  readonly #series = new Map<string, OwnSeries>();
  /** The series of the last family; the same array as long as they are. */
  #listed: Series[] | undefined;

  /** Makes a metric without series. */
  constructor(
    { type, name, help, labelNames = [], bounds = [] }: OwnMetricOptions,
  ) {
    this.type = type;
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.bounds = bounds;
  }

  /** How many cells a series has. */
  get cells(): number {
    return hasSum(this.type) ? HISTOGRAM.buckets + this.bounds.length : 1;
  }

  /** The series, in the order in which they came. */
  get all(): Iterable<OwnSeries> {
    return this.#series.values();
  }

  /** The family of the metric, with its values of now. */
  get family(): MetricFamily {
    const { name, help, type } = this;
    const all = [...this.#series.values()];
    this.#listed ??= all.map(({ series }) => series);
    const perSeries = hasSum(type) ? this.bounds.length + 2 : 1;
    const values = valueArray(all.length * perSeries);
    const exemplars = new Map<number, Exemplar>();
    for (const [row, each] of all.entries()) {
      const at = row * perSeries;
      values.set(this.#values(each), at);
      for (const [index, exemplar] of each.exemplars.entries()) {
        addExemplar(exemplars, at + index, exemplar);
      }
    }
    const series = this.#listed;
    return { name, help, type, series, values, exemplars, origin: this };
  }

  /** Finds the series of a label set, or makes one. */
  of(labels: Labels = {}): OwnSeries {
    const text = commonText(labels) ?? "";
    let series = this.#series.get(text);
    if (series === undefined) {
      const bounds = hasSum(this.type) ? this.bounds : undefined;
      series = new OwnSeries(this, labels, makeSeries(labels, {}, bounds));
      this.#series.set(text, series);
      this.#listed = undefined;
      this.keeper?.added(series);
    }
    return series;
  }

  /** Forgets all series but those of some label sets. */
  retain(isKept: (labels: Labels) => boolean): void {
    for (const [text, { labels }] of this.#series) {
      if (isKept(labels)) continue;
      this.#series.delete(text);
      this.#listed = undefined;
    }
  }

  /** What both clients ask a registered metric for. */
  get(): Promise<CollectedMetric> {
    const { name, help, type, aggregator } = this;
    const values = [...this.#series.values()].flatMap((each) =>
      this.#samples(each)
    );
    const collected = { name, help, type, values, aggregator };
    return Promise.resolve(collected);
  }

  /**
   * Sets all series to 0, as a registry's `resetMetrics()` asks for. They
   * stay, since whoever counts holds on to them; and a gauge tells what is, which
   * is no other than before.
   */
  reset(): void {
    if (this.type === "gauge") return;
    for (const series of this.#series.values()) series.reset();
  }

  #values(series: OwnSeries): number[] {
    const cells = Cell.cells(series);
    const at = Cell.at(series);
    if (!hasSum(this.type)) return [cells[at]];
    let upToBound = 0;
    const buckets = this.bounds.map((_, i) =>
      upToBound += cells[at + HISTOGRAM.buckets + i]
    );
    return [...buckets, cells[at + HISTOGRAM.count], cells[at + HISTOGRAM.sum]];
  }

  #samples(each: OwnSeries): CollectedValue[] {
    const { name, type, bounds } = this;
    const { labels, exemplars } = each;
    const values = this.#values(each);
    const sample = (i: number, suffix = "", le?: unknown): CollectedValue => ({
      value: values[i],
      labels: le === undefined ? labels : { ...labels, le },
      ...suffix !== "" && { metricName: name + suffix },
      ...exemplars[i] && { exemplar: exemplars[i] },
    });
    if (!hasSum(type)) return [sample(0)];
    const { length } = bounds;
    const buckets = type === "summary"
      ? []
      : [...bounds, "+Inf"].map((le, i) => sample(i, "_bucket", le));
    const [sum, count] = [sample(length + 1, "_sum"), sample(length, "_count")];
    return [...buckets, sum, { ...count, exemplar: undefined }];
  }
}

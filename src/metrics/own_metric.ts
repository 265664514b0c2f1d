import { hasSum } from "../families/family_layout.ts";
import { commonText } from "../families/label_text.ts";
import type {
  CollectedMetric,
  CollectedValue,
  MetricFamily,
  RegisteredMetric,
} from "../types.ts";
import { Cell, HISTOGRAM } from "./cell.ts";
import {
  OwnSeries,
  type SeriesKeeper,
  type SeriesOwner,
} from "./own_series.ts";

type Labels = Readonly<Record<string, string>>;

/** What an {@linkcode OwnMetric} is made from. */
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

  get isEmpty(): boolean {
    return this.#series.size === 0;
  }

  /** What the metric holds now. */
  get family(): MetricFamily {
    const { name, help, type } = this;
    const all = [...this.#series.values()];
    const series = all.map(({ series }) => series);
    const values = all.flatMap((each) => this.#values(each));
    return { name, help, type, series, values, origin: this };
  }

  /** Finds the series of a label set, or makes one. */
  of(labels: Labels = {}): OwnSeries {
    const text = commonText(labels) ?? "";
    let series = this.#series.get(text);
    if (series === undefined) {
      const { bounds } = this;
      const described = hasSum(this.type)
        ? { labels, text, bounds }
        : { labels, text };
      series = new OwnSeries(this, described);
      this.#series.set(text, series);
      this.keeper?.added(series);
    }
    return series;
  }

  /** Hands on all series, with what is counted in them from now on. */
  moveTo(other: OwnMetric): void {
    for (const series of this.#series.values()) {
      other.of(series.series.labels).take(series);
    }
  }

  /** What both clients ask a registered metric for. */
  get(): Promise<CollectedMetric> {
    const { name, help, type, aggregator } = this;
    const values = [...this.#series.values()].flatMap((each) =>
      hasSum(type) ? this.#samples(each) : this.#sample(each)
    );
    const collected = { name, help, type, values, aggregator };
    return Promise.resolve(collected);
  }

  /**
   * Begins anew with all series, as a registry's `resetMetrics()` asks for. They
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

  #sample(each: OwnSeries): CollectedValue {
    const [value] = this.#values(each);
    const [exemplar] = each.exemplars;
    return { value, labels: each.series.labels, ...exemplar && { exemplar } };
  }

  #samples(each: OwnSeries): CollectedValue[] {
    const { name, type, bounds } = this;
    const { series: { labels }, exemplars } = each;
    const values = this.#values(each);
    const [count, sum] = values.slice(-2);
    const buckets = type === "summary"
      ? []
      : [...bounds, "+Inf"].map((le, i): CollectedValue => ({
        metricName: `${name}_bucket`,
        labels: { ...labels, le },
        value: values[i],
        ...exemplars[i] && { exemplar: exemplars[i] },
      }));
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}

import { commonText, makeSeries } from "../families/label_set.ts";
import {
  addExemplar,
  bucketOf,
  type FamilyValues,
  hasSum,
  valueArray,
} from "../families/values.ts";
import { Cell, cumulate, HISTOGRAM } from "../memory/cell.ts";
import type {
  CollectedExemplar,
  CollectedMetric,
  CollectedValue,
  Exemplar,
  MetricFamily,
  RegisteredMetric,
  Series,
} from "../types.ts";

type Labels = Series["labels"];

/** Keeps a metric's values elsewhere, such as in shared memory. */
export interface SeriesKeeper {
  added(series: OwnSeries): void;
  /** Sets the values of a series to 0, and forgets its exemplars. */
  reset(series: OwnSeries): void;
  /** Is told of an exemplar of a value, or of a bucket. */
  exemplified(
    series: OwnSeries,
    index: number,
    exemplar: CollectedExemplar,
  ): void;
}

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
 * A metric of the package's own, which needs no client. It can be served by
 * itself, or registered with any client's registry.
 */
export class OwnMetric implements RegisteredMetric {
  readonly #name: string;
  /** The name for the clients, who cut `_total` from it to write OpenMetrics. */
  #shown: string;
  readonly help: string;
  readonly type: OwnMetricOptions["type"];
  readonly labelNames: readonly string[];
  readonly bounds: readonly number[];
  /** How many cells a series has, and how many values. */
  readonly cells: number;
  /** How the clients add up the metrics of a cluster's workers. */
  readonly aggregator = "sum";
  keeper: SeriesKeeper | undefined;
  /** By their labels as the formats write them. */
  readonly #series = new Map<string, OwnSeries>();
  /** The series of the last family, until they change. */
  #listed: Series[] | undefined;

  constructor(
    { type, name, help, labelNames = [], bounds = [] }: OwnMetricOptions,
  ) {
    this.type = type;
    this.#name = this.#shown = name;
    this.help = help;
    this.labelNames = labelNames;
    this.bounds = bounds;
    this.cells = hasSum(type) ? HISTOGRAM.buckets + bounds.length : 1;
  }

  get name(): string {
    return this.#name;
  }

  set name(shown: string) {
    this.#shown = shown;
  }

  get all(): Iterable<OwnSeries> {
    return this.#series.values();
  }

  get family(): MetricFamily {
    const { name, help, type, cells } = this;
    const all = [...this.#series.values()];
    this.#listed ??= all.map(({ series }) => series);
    const values = valueArray(all.length * cells);
    const exemplars = new Map<number, Exemplar>();
    for (const [row, each] of all.entries()) {
      const at = row * cells;
      this.#read(each, values, at);
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

  /** Yields the values, as both clients ask a registered metric for them. */
  get(): Promise<CollectedMetric> {
    const { help, type, aggregator } = this;
    const name = this.#shown;
    const values = [...this.all].flatMap((each) => this.#samples(each));
    return Promise.resolve({ name, help, type, values, aggregator });
  }

  /**
   * Sets all series to 0, as a registry's `resetMetrics()` asks for. The series
   * stay, since handlers hold them; gauges keep what is still true.
   */
  reset(): void {
    if (this.type === "gauge") return;
    for (const series of this.all) series.reset();
  }

  /** Reads the values of a series into others, from an index on. */
  #read(series: OwnSeries, values: FamilyValues, to: number): void {
    const cells = Cell.cells(series);
    const at = Cell.at(series);
    const { length } = this.bounds;
    if (!hasSum(this.type)) {
      values[to] = cells[at];
      return;
    }
    cumulate(cells, at, length, values, to);
    values[to + length] = cells[at + HISTOGRAM.count];
    values[to + length + 1] = cells[at + HISTOGRAM.sum];
  }

  #samples(each: OwnSeries): CollectedValue[] {
    const { type, bounds } = this;
    const { labels, exemplars } = each;
    const values: number[] = [];
    this.#read(each, values, 0);
    const sample = (i: number, suffix = "", le?: unknown): CollectedValue => ({
      value: values[i],
      labels: le === undefined ? labels : { ...labels, le },
      ...suffix !== "" && { metricName: this.#shown + suffix },
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

/**
 * The values of one label set, in cells that may be moved: one of a counter or
 * gauge; the count, the sum and each finite bucket's observations of a histogram.
 */
export class OwnSeries {
  /** The labels, in the order in which they were given. */
  readonly labels: Labels;
  readonly series: Series;
  readonly #metric: OwnMetric;
  #exemplars: (CollectedExemplar | undefined)[] | undefined;

  constructor(metric: OwnMetric, labels: Labels, series: Series) {
    this.labels = labels;
    this.series = series;
    this.#metric = metric;
    new Cell(this, new Float64Array(metric.cells), 0);
  }

  /** The exemplars, by the index of their bucket; a counter's is the first. */
  get exemplars(): readonly (CollectedExemplar | undefined)[] {
    return this.#exemplars ?? [];
  }

  /** Sets a gauge, or a counter to what was counted elsewhere. */
  set(value: number): void {
    Cell.set(this, value);
  }

  add(value: number, exemplar?: CollectedExemplar): void {
    Cell.add(this, value);
    if (exemplar !== undefined) this.#exemplify(0, exemplar);
  }

  observe(value: number, exemplar?: CollectedExemplar): void {
    const { bounds } = this.#metric;
    const bucket = bucketOf(bounds, value);
    Cell.observe(this, bucket < bounds.length ? bucket : -1, value);
    if (exemplar !== undefined) this.#exemplify(bucket, exemplar);
  }

  reset(): void {
    this.#exemplars = undefined;
    const { keeper, cells } = this.#metric;
    if (keeper !== undefined) return keeper.reset(this);
    const at = Cell.at(this);
    Cell.cells(this).fill(0, at, at + cells);
  }

  #exemplify(index: number, exemplar: CollectedExemplar): void {
    (this.#exemplars ??= [])[index] = exemplar;
    this.#metric.keeper?.exemplified(this, index, exemplar);
  }
}

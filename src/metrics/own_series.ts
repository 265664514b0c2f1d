import type { CollectedExemplar, Series } from "../types.ts";
import { Cell, HISTOGRAM } from "../memory/cell.ts";

/** Whoever keeps the values of a metric elsewhere, such as in shared memory. */
export interface SeriesKeeper {
  /** Is told of a series that is new. */
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

/** What the series of one metric share. */
export interface SeriesOwner {
  /** Of a histogram the upper bounds of its buckets, ascending. */
  readonly bounds: readonly number[];
  /** How many cells each has. */
  readonly cells: number;
  readonly keeper: SeriesKeeper | undefined;
}

/**
 * The values of one label set, in cells that may be moved. Counters and gauges
 * have one, histograms and summaries a count, a sum, and the observations in each
 * bucket, not cumulative and without the infinite one.
 */
export class OwnSeries {
  /** The labels, in the order in which they were given. */
  readonly labels: Series["labels"];
  /** The series as it is written. */
  readonly series: Series;
  readonly #owner: SeriesOwner;
  #exemplars: (CollectedExemplar | undefined)[] | undefined;

  /** Makes a series without observations. */
  constructor(owner: SeriesOwner, labels: Series["labels"], series: Series) {
    this.labels = labels;
    this.series = series;
    this.#owner = owner;
    new Cell(this, new Float64Array(owner.cells), 0);
  }

  /** The exemplars, by the index of their bucket; a counter's is the first. */
  get exemplars(): readonly (CollectedExemplar | undefined)[] {
    return this.#exemplars ?? [];
  }

  /** Sets a gauge, or a counter to what was counted elsewhere. */
  set(value: number): void {
    Cell.set(this, value);
  }

  /** Adds to a counter or a gauge. */
  add(value: number, exemplar?: CollectedExemplar): void {
    Cell.cells(this)[Cell.at(this)] += value;
    if (exemplar !== undefined) this.#exemplify(0, exemplar);
  }

  /** Takes an observation of a histogram or a summary. */
  observe(value: number, exemplar?: CollectedExemplar): void {
    const { bounds } = this.#owner;
    const cells = Cell.cells(this);
    const at = Cell.at(this);
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]) bucket++;
    // The count first: who reads it on another thread looks whether it has moved.
    cells[at + HISTOGRAM.count]++;
    if (bucket < bounds.length) cells[at + HISTOGRAM.buckets + bucket]++;
    cells[at + HISTOGRAM.sum] += value;
    if (exemplar !== undefined) this.#exemplify(bucket, exemplar);
  }

  /** Forgets what was counted. */
  reset(): void {
    this.#exemplars = undefined;
    const { keeper, cells } = this.#owner;
    if (keeper !== undefined) return keeper.reset(this);
    const at = Cell.at(this);
    Cell.cells(this).fill(0, at, at + cells);
  }

  #exemplify(index: number, exemplar: CollectedExemplar): void {
    (this.#exemplars ??= [])[index] = exemplar;
    this.#owner.keeper?.exemplified(this, index, exemplar);
  }
}

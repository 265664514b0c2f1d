import type { MetricType, Series } from "../types.ts";
import { HashSet } from "./hash_set.ts";
import {
  areSame,
  identityText,
  LabelShape,
  type RawLabels,
} from "./label_set.ts";
import { AT_BOUNDS, hasSum } from "./values.ts";

/** Label sets in their order; arrays of each property, since there are many. */
interface Rows {
  readonly series: Series[];
  /** The client's key of each, if it has one. */
  readonly keys: unknown[];
  /** The client's own object of the labels; a copy where there is no key. */
  readonly labels: RawLabels[];
}

interface Row {
  readonly labels: RawLabels;
  readonly bounds: readonly number[] | undefined;
  readonly key: unknown;
}

/**
 * The series of one metric in one registry. Clients list label sets in the order of
 * their making, so a scrape finds nearly all of them where the last one did.
 *
 * A scrape places every row, then calls {@linkcode SeriesTable.end}.
 */
export class SeriesTable {
  readonly #defaults: Record<string, string>;
  #rows: Rows = { series: [], keys: [], labels: [] };
  /** The series of the last scrape, until one changes. */
  #yielded: readonly Series[] | undefined;
  #placed = 0;
  /** The rows of the last scrape that were not found in their places. */
  #old: Rows | undefined;
  #oldAt = 0;
  /** The names of the label sets that were made last. */
  #shape: LabelShape | undefined;
  /** The label sets, to find those that come again: hashes while these differ. */
  #sets: HashSet | Set<string> = new HashSet();
  readonly #again = new Set<Series>();
  /** The bounds that rows share. */
  readonly #bounds = new Map<string, readonly number[]>();

  /** @param defaults The registry's; the label that the type reserves is none. */
  constructor(type: MetricType, defaults: Series["labels"]) {
    this.#defaults = { ...defaults };
    if (hasSum(type)) delete this.#defaults[AT_BOUNDS[type].label];
  }

  /** How many rows have the label set of an earlier one. */
  get duplicates(): number {
    return this.#again.size;
  }

  /**
   * Places the next row.
   *
   * @param key The client's key: where that and the object of the labels are the
   * same, so is the label set.
   * @returns Whether it has a label set that no earlier row has.
   */
  place(labels: RawLabels, bounds?: readonly number[], key?: unknown): boolean {
    const at = this.#placed++;
    const rows = this.#rows;
    const isKnown = key !== undefined && rows.keys[at] === key &&
      rows.labels[at] === labels;
    if (!isKnown) this.#find(at, { labels, bounds, key });
    return this.#again.size === 0 || !this.#again.has(this.#rows.series[at]);
  }

  /** Finds the array of the same bounds by which series are known. */
  boundsLike(bounds: readonly number[]): readonly number[] {
    const key = bounds.join();
    const known = this.#bounds.get(key);
    if (known === undefined) this.#bounds.set(key, bounds);
    return known ?? bounds;
  }

  /**
   * Ends a scrape: rows that were not placed are gone. Yields the array of the last
   * scrape if the series are the same.
   */
  end(): readonly Series[] {
    if (this.#placed < this.#rows.series.length) this.#setAside(this.#placed);
    if (this.#old !== undefined) this.#forgetOld(this.#old);
    this.#placed = 0;
    if (this.#yielded !== undefined) return this.#yielded;
    // Copies have no room to spare. Encoders keep the series as they are.
    const { series, keys, labels } = this.#rows;
    this.#rows = {
      series: series.slice(),
      keys: keys.slice(),
      labels: labels.slice(),
    };
    return this.#yielded = this.#again.size === 0
      ? this.#rows.series
      : series.filter((each) => !this.#again.has(each));
  }

  #find(at: number, row: Row): void {
    const { labels, bounds, key } = row;
    if (at < this.#rows.series.length) {
      if (isOf(this.#rows, at, row)) {
        if (key !== undefined) this.#rows.labels[at] = labels;
        return;
      }
      this.#setAside(at);
    }
    const series = this.#old && this.#findOld(this.#old, row) ||
      this.#make(labels, bounds);
    if (this.#yielded !== undefined) this.#change();
    this.#rows.series.push(series);
    this.#rows.keys.push(key);
    this.#rows.labels.push(key === undefined ? { ...labels } : labels);
  }

  #change(): void {
    if (this.#yielded === this.#rows.series) {
      this.#rows = { ...this.#rows, series: this.#rows.series.slice() };
    }
    this.#yielded = undefined;
  }

  /** Takes the rows from a place on away, to be found again one by one. */
  #setAside(at: number): void {
    this.#change();
    const { series, keys, labels } = this.#rows;
    this.#old = {
      series: series.splice(at),
      keys: keys.splice(at),
      labels: labels.splice(at),
    };
    // Which row is the first of its kind may be another one now.
    if (this.#again.size > 0) this.#forgetOld(this.#old);
  }

  #forget(old: Rows, end: number): void {
    for (; this.#oldAt < end; this.#oldAt++) {
      const series = old.series[this.#oldAt];
      if (this.#again.delete(series)) continue;
      this.#sets.delete(identityText(series));
    }
  }

  #forgetOld(old: Rows): void {
    this.#forget(old, old.series.length);
    this.#old = undefined;
    this.#oldAt = 0;
  }

  #findOld(old: Rows, row: Row): Series | undefined {
    for (let at = this.#oldAt; at < old.series.length; at++) {
      if (!isOf(old, at, row)) continue;
      // Those before it were removed: what is left is in order.
      this.#forget(old, at);
      this.#oldAt = at + 1;
      return old.series[at];
    }
    // New ones come after all that are left.
    this.#forgetOld(old);
    return undefined;
  }

  #make(labels: RawLabels, bounds: readonly number[] | undefined): Series {
    if (!this.#shape?.isOf(labels)) {
      this.#shape = new LabelShape(Object.keys(labels), this.#defaults);
    }
    const series = this.#shape.seriesOf(labels, bounds);
    const identity = identityText(series);
    if (this.#sets instanceof HashSet) {
      if (this.#sets.add(identity)) return series;
      // Two hashes are the same: from now on texts tell whether the sets are.
      this.#sets = new Set(this.#rows.series.map((each) => identityText(each)));
    }
    if (this.#sets.has(identity)) this.#again.add(series);
    else this.#sets.add(identity);
    return series;
  }
}

function isOf(rows: Rows, at: number, { labels, bounds, key }: Row): boolean {
  return rows.keys[at] === key && rows.series[at].bounds === bounds &&
    areSame(labels, rows.labels[at]);
}

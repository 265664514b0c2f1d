import { identityText } from "../families/label_text.ts";
import { makeSeries } from "../families/make_series.ts";
import type { Series } from "../types.ts";
import { readLabels } from "./labels_text.ts";

/** A row that has a series. */
interface SeriesRow {
  readonly series: Series;
  /** Spells the label set. */
  readonly identity: string;
}

/**
 * The series of a family's rows, from one reading to the next.
 *
 * A family that was written anew usually has the series that it had: they are
 * taken over by their place, since encoders know a series by its object.
 */
export class RowSeries {
  readonly #defaults: Readonly<Record<string, string>>;
  #bounds: readonly number[] | undefined;
  #rows: (SeriesRow | undefined)[] = [];
  #old: readonly (SeriesRow | undefined)[] = [];
  #series: readonly Series[] = [];
  #added: Series[] = [];
  #isIncluded: boolean[] = [];
  #identities = new Set<string>();
  #duplicates = 0;
  #mustCount = false;

  /** Begins without rows; all series get the default labels that they lack. */
  constructor(defaults: Readonly<Record<string, string>>) {
    this.#defaults = defaults;
  }

  /** The series, each once, in the order of the rows. */
  get series(): readonly Series[] {
    this.#settle();
    return this.#series;
  }

  /** How many rows have the label set of an earlier one. */
  get duplicates(): number {
    this.#settle();
    return this.#duplicates;
  }

  /** Whether the rows are those whose series there are, one by one. */
  get isInclusive(): boolean {
    return this.series.length === this.#rows.length;
  }

  /** Tells whether a row is the one whose values the series has. */
  includes(row: number): boolean {
    return this.#isIncluded[row];
  }

  /** Begins anew; histograms have bounds. */
  restart(bounds?: readonly number[]): void {
    const isSame = this.#bounds?.join() === bounds?.join();
    if (!isSame) this.#bounds = bounds;
    this.#old = isSame ? this.#rows : [];
    this.#rows = [];
    this.#mustCount = true;
  }

  /**
   * Says what labels a row has: names and values in turn; `undefined` if it was
   * removed. Rows come in order at first.
   */
  set(row: number, labels: readonly string[] | undefined): void {
    const isNew = row === this.#rows.length;
    const made = labels && this.#make(row, labels);
    this.#rows[row] = made;
    if (!isNew) this.#mustCount = true;
    else if (!this.#mustCount) this.#count(made);
  }

  #make(row: number, labels: readonly string[]): SeriesRow {
    const own = readLabels(labels);
    const series = makeSeries(own, this.#defaults, this.#bounds);
    const old = this.#old[row];
    return series.text !== undefined && old?.series.text === series.text
      ? old
      : { series, identity: identityText(series) };
  }

  #count(row: SeriesRow | undefined): void {
    const isIncluded = row !== undefined && !this.#identities.has(row.identity);
    this.#isIncluded.push(isIncluded);
    if (isIncluded) {
      this.#identities.add(row.identity);
      this.#added.push(row.series);
    } else if (row !== undefined) this.#duplicates++;
  }

  /** Counts what has changed. Who has the last series keeps them as they are. */
  #settle(): void {
    if (this.#mustCount) {
      this.#mustCount = false;
      this.#series = [];
      this.#added = [];
      this.#isIncluded = [];
      this.#identities.clear();
      this.#duplicates = 0;
      for (const row of this.#rows) this.#count(row);
      this.#old = [];
    }
    if (this.#added.length === 0) return;
    this.#series = this.#series.concat(this.#added);
    this.#added = [];
  }
}

import type { Series } from "../types.ts";
import type { RawLabels } from "./raw_labels.ts";
import { makeSeries } from "./series.ts";
import { identityText } from "./text.ts";

/** What a table knows of a label set from the last scrape. */
interface Row {
  readonly series: Series;
  /** Spells the label set so that no other is spelled alike. */
  readonly identity: string;
  /** What the client keeps it under, if that is known. */
  readonly key: string | undefined;
  /** Its own labels. */
  readonly own: RawLabels;
  /** How many names they have. */
  readonly count: number;
  /** Whether an earlier row has the same label set. */
  readonly isDuplicate: boolean;
}

/**
 * The series of one metric in one registry, from one scrape to the next.
 *
 * Clients list a metric's label sets in the order of their making. A scrape finds
 * nearly all of them where the last one did, and need not make them again.
 *
 * A scrape places every row, then calls {@linkcode SeriesTable.end}.
 */
export class SeriesTable {
  readonly #defaults: Readonly<Record<string, string>>;
  #rows: Row[] = [];
  // Hot fields in arrays of their own, for locality.
  #series: Series[] = [];
  #keys: (string | undefined)[] = [];
  /** The client's own object of the labels. */
  #labels: RawLabels[] = [];
  /** What the last scrape has yielded, as long as the next one is to. */
  #yielded: readonly Series[] | undefined;
  #placed = 0;
  /** The rows of the last scrape that were not found in their places. */
  #old: Row[] = [];
  #oldAt = 0;
  /** How many rows have the label set of an earlier one. */
  duplicates = 0;
  readonly #texts = new Set<string>();
  /** The bounds that rows share. */
  readonly #bounds = new Map<string, readonly number[]>();

  /** Makes a table whose series get `defaults` besides their own labels. */
  constructor(defaults: Readonly<Record<string, string>>) {
    this.#defaults = defaults;
  }

  /**
   * Places the next row.
   *
   * @param key What the client keeps it under: where that and the object of the
   * labels are the same, so is the label set.
   * @returns Whether it has a series of its own; an earlier row may have the
   * same label set.
   */
  place(labels: RawLabels, bounds?: readonly number[], key?: string): boolean {
    const at = this.#placed++;
    const isKnown = key !== undefined && this.#keys[at] === key &&
      this.#labels[at] === labels;
    if (isKnown && this.duplicates === 0) return true;
    let row: Row | undefined = this.#rows[at];
    if (row !== undefined && !isKnown) {
      if (isOf(row, labels, bounds, key)) this.#labels[at] = labels;
      else {
        this.#setAside(at);
        row = undefined;
      }
    }
    if (row === undefined) {
      if (this.#old.length > 0) row = this.#findOld(labels, bounds, key);
      row ??= this.#make(labels, bounds, key);
      this.#yielded = undefined;
      this.#rows.push(row);
      this.#series.push(row.series);
      this.#keys.push(key);
      this.#labels.push(labels);
    }
    return !row.isDuplicate;
  }

  /**
   * Finds the array that the series with the same bounds have, since a series is
   * known by it.
   */
  boundsLike(bounds: readonly number[]): readonly number[] {
    const key = bounds.join();
    const known = this.#bounds.get(key);
    if (known === undefined) this.#bounds.set(key, bounds);
    return known ?? bounds;
  }

  /**
   * Ends a scrape: rows that were not placed are gone. Yields the series, in the
   * array of the last scrape if they are the same.
   */
  end(): readonly Series[] {
    if (this.#placed < this.#rows.length) this.#setAside(this.#placed);
    if (this.#old.length > 0) this.#forget(this.#old.length);
    this.#placed = 0;
    return this.#yielded ??= this.duplicates === 0
      ? this.#series.slice()
      : this.#series.filter((_, at) => !this.#rows[at].isDuplicate);
  }

  /** Takes the rows from a place on away, to be found again one by one. */
  #setAside(at: number): void {
    this.#yielded = undefined;
    this.#old = this.#rows.splice(at);
    this.#oldAt = 0;
    this.#series.length = this.#keys.length = this.#labels.length = at;
    // Which row is the first of its kind may be another one now.
    if (this.duplicates > 0) this.#forget(this.#old.length);
  }

  /** Forgets rows that were set aside, up to a place. */
  #forget(end: number): void {
    for (; this.#oldAt < end; this.#oldAt++) {
      const { identity, isDuplicate } = this.#old[this.#oldAt];
      if (isDuplicate) this.duplicates--;
      else this.#texts.delete(identity);
    }
    if (end === this.#old.length) {
      this.#old = [];
      this.#oldAt = 0;
    }
  }

  #findOld(
    labels: RawLabels,
    bounds: readonly number[] | undefined,
    key: string | undefined,
  ): Row | undefined {
    for (let at = this.#oldAt; at < this.#old.length; at++) {
      const row = this.#old[at];
      if (!isOf(row, labels, bounds, key)) continue;
      // Those before it were removed: what is left is in order.
      this.#forget(at);
      this.#oldAt = at + 1;
      return row;
    }
    // New ones come after all that are left.
    this.#forget(this.#old.length);
    return undefined;
  }

  #make(
    labels: RawLabels,
    bounds: readonly number[] | undefined,
    key: string | undefined,
  ): Row {
    const series = makeSeries(labels, this.#defaults, bounds);
    const { text } = series;
    const identity = text === undefined || text.includes('=""')
      ? identityText(series)
      : text;
    const isDuplicate = this.#texts.has(identity);
    if (isDuplicate) this.duplicates++;
    else this.#texts.add(identity);
    // A copy, since the client's object may be changed in place.
    const own = { ...labels };
    const count = Object.keys(own).length;
    return { series, identity, key, own, count, isDuplicate };
  }
}

/** Tells whether a row is of a label set. */
function isOf(
  { series, key, own, count }: Row,
  labels: RawLabels,
  bounds: readonly number[] | undefined,
  otherKey: string | undefined,
): boolean {
  if (key !== otherKey || series.bounds !== bounds) return false;
  let names = 0;
  for (const name in labels) {
    if (!Object.is(own[name], labels[name])) return false;
    names++;
  }
  return names === count;
}

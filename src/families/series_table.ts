import { labelTexts, type RawLabels } from "../clients/labels.ts";
import type { Series } from "../types.ts";
import { identityText } from "./label_text.ts";
import { makeSeries } from "./make_series.ts";

/** What a table knows of a label set from the last scrape. */
interface Row {
  readonly series: Series;
  /** What the client keeps it under, if that is known. */
  readonly key: string | undefined;
  /** The names of its own labels, in the client's order, and their values. */
  readonly names: readonly string[];
  readonly values: readonly unknown[];
  /** Whether an earlier row has the same label set. */
  readonly isDuplicate: boolean;
}

/**
 * The series of one metric in one registry, from one scrape to the next.
 *
 * Clients list a metric's label sets in the order of their making, so a scrape
 * finds nearly all of them where the last one did, and is spared making them
 * anew.
 *
 * A scrape places every row, then calls {@linkcode SeriesTable.end}.
 */
export class SeriesTable {
  readonly #defaults: Readonly<Record<string, string>>;
  #rows: Row[] = [];
  // Of each row what is asked for often: the row itself is far away in memory.
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
  #duplicates = 0;
  readonly #texts = new Set<string>();
  /** What the rows share among them. */
  readonly #names = new Map<string, readonly string[]>();
  readonly #bounds = new Map<string, readonly number[]>();

  /** Makes a table whose series get `defaults` besides their own labels. */
  constructor(defaults: Readonly<Record<string, string>>) {
    this.#defaults = defaults;
  }

  /**
   * Places the next row.
   *
   * @param key What the client keeps it under: where that and the object of the
   * labels are the same, the label set is, too.
   * @returns Whether it has a series of its own; an earlier row may have the
   * same label set.
   */
  place(labels: RawLabels, bounds?: readonly number[], key?: string): boolean {
    const at = this.#placed++;
    const isKnown = key !== undefined && this.#keys[at] === key &&
      this.#labels[at] === labels;
    if (isKnown && this.#duplicates === 0) return true;
    let row = this.#rows[at];
    if (row === undefined) row = this.#append(labels, bounds, key);
    else if (!isKnown) {
      if (isOf(row, labels, bounds, key)) this.#labels[at] = labels;
      else {
        this.#setAside(at);
        row = this.#append(labels, bounds, key);
      }
    }
    return !row.isDuplicate;
  }

  /**
   * Finds the array that the series with the same bounds have, since a series is
   * known by it.
   */
  boundsLike(bounds: readonly number[]): readonly number[] {
    return intern(this.#bounds, bounds);
  }

  /**
   * Ends a scrape: rows that were not placed are gone. Yields the series, in the
   * array of the last scrape if they are the same.
   */
  end(): readonly Series[] {
    if (this.#placed < this.#rows.length) this.#setAside(this.#placed);
    this.#forget(this.#old.length);
    this.#placed = 0;
    return this.#yielded ??= this.#duplicates === 0
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
    if (this.#duplicates > 0) this.#forget(this.#old.length);
  }

  /** Forgets rows that were set aside, up to a place. */
  #forget(end: number): void {
    for (; this.#oldAt < end; this.#oldAt++) {
      const { series, isDuplicate } = this.#old[this.#oldAt];
      if (isDuplicate) this.#duplicates--;
      else this.#texts.delete(identityText(series));
    }
    if (end === this.#old.length) {
      this.#old = [];
      this.#oldAt = 0;
    }
  }

  #append(
    labels: RawLabels,
    bounds: readonly number[] | undefined,
    key: string | undefined,
  ): Row {
    const row = this.#findOld(labels, bounds, key) ??
      this.#make(labels, bounds, key);
    this.#yielded = undefined;
    this.#rows.push(row);
    this.#series.push(row.series);
    this.#keys.push(key);
    this.#labels.push(labels);
    return row;
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
    const own = labelTexts(labels);
    const series = makeSeries(own, this.#defaults, bounds);
    const identity = identityText(series);
    const isDuplicate = this.#texts.has(identity);
    if (isDuplicate) this.#duplicates++;
    else this.#texts.add(identity);
    return {
      series,
      key,
      names: intern(this.#names, own.map(([name]) => name)),
      values: own.map(([name]) => labels[name]),
      isDuplicate,
    };
  }
}

/** Tells whether a row is of a label set. */
function isOf(
  row: Row,
  labels: RawLabels,
  bounds: readonly number[] | undefined,
  key: string | undefined,
): boolean {
  if (row.key !== key) return false;
  const { names, values, series } = row;
  let count = 0;
  for (const name in labels) {
    const value = labels[name];
    if (value === undefined) continue;
    if (names[count] !== name || !Object.is(values[count], value)) return false;
    count++;
  }
  return count === names.length && series.bounds === bounds;
}

/** Yields the array that was first given with the same elements. */
function intern<T>(known: Map<string, readonly T[]>, array: readonly T[]) {
  const key = array.join("\0");
  const first = known.get(key);
  if (first === undefined) known.set(key, array);
  return first ?? array;
}

import { type Buckets, bucketsOf } from "../../../clients/buckets.ts";
import type {
  StoredHistogram,
  StoredMetric,
} from "../../../clients/storage.ts";
import { Cell, HISTOGRAM } from "../../../metrics/cell.ts";
import type { Table } from "../../table.ts";
import {
  BucketFinder,
  cellsOf,
  publish,
  setBucketExemplars,
} from "../histogram_cells.ts";
import { boundsOf } from "../metric_header.ts";
import { accessor, type Entry, type Slot, type Slots } from "./slots.ts";

/** An entry that is counted in. */
interface Counted {
  bucketValues: Record<string, number>;
  count: number;
  sum: number;
}

/**
 * Histograms: the client counts in an entry, then puts that in its place again.
 * So the entry may stay as it is: what was counted is published then.
 */
export class HistogramSlots implements Slots {
  readonly #table: Table;
  readonly #isUnlabelled: boolean;
  readonly #buckets: Buckets;
  readonly #metric: StoredMetric;
  readonly #upperBounds: readonly number[];
  /** Where there is but one label set. */
  readonly #finder: BucketFinder | undefined;
  readonly #slot: Slot<StoredHistogram>;
  /** The entry that the client has asked for last, if there are exemplars. */
  #last: StoredHistogram | undefined;

  constructor(
    table: Table,
    metric: StoredMetric,
    isUnlabelled: boolean,
    hasExemplars: boolean,
    attempt: (change: () => void) => void,
  ) {
    this.#table = table;
    this.#isUnlabelled = isUnlabelled;
    this.#metric = metric;
    const upperBounds = this.#upperBounds = boundsOf(metric);
    const buckets = this.#buckets = bucketsOf(upperBounds);
    if (isUnlabelled) this.#finder = new BucketFinder(upperBounds, buckets);
    const remember = (entry: StoredHistogram) => this.#last = entry;
    this.#slot = function (stored) {
      if (stored === this) return publish(this, buckets);
      if (stored === undefined) return hasExemplars ? remember(this) : this;
      // The client sets it to zero.
      Object.assign(this, stored);
      attempt(() => {
        table.rewrite(this, cellsOf(this, buckets));
        table.relabel(this, this.labels);
      });
    };
  }

  make(stored: Entry): PropertyDescriptor {
    const entry = { ...stored } as StoredHistogram;
    const { labels, bucketExemplars } = entry;
    this.#table.append(labels, cellsOf(entry, this.#buckets), (cells, at) => {
      new Cell(entry, cells, at);
    });
    setBucketExemplars(this.#table, entry, bucketExemplars, this.#buckets);
    return accessor(this.#slot, entry, this.#isUnlabelled);
  }

  /**
   * Counts an observation, in an entry and its cells.
   *
   * @returns Whether it could: not where somebody has put in place, or changed,
   * what the client has there.
   */
  observe(stored: Entry | undefined, observation: number): boolean {
    if (
      stored === undefined || !Cell.has(stored) ||
      this.#metric.upperBounds !== this.#upperBounds
    ) return false;
    const entry = stored as Counted;
    const cells = Cell.cells(entry);
    const at = Cell.at(entry);
    if (entry.count !== cells[at + HISTOGRAM.count]) return false;
    const { cell, key } = this.#finder!.find(observation);
    cells[at + HISTOGRAM.count] = ++entry.count;
    if (Object.hasOwn(entry.bucketValues, key)) {
      const observations = ++entry.bucketValues[key];
      if (cell >= 0) cells[at + HISTOGRAM.buckets + cell] = observations;
    }
    cells[at + HISTOGRAM.sum] = entry.sum += observation;
    return true;
  }

  follow([, , labels]: readonly unknown[]): void {
    const entry = this.#last;
    this.#last = undefined;
    if (entry === undefined) return;
    setBucketExemplars(
      this.#table,
      entry,
      entry.bucketExemplars,
      this.#buckets,
      ({ labelSet }) => labelSet === labels,
    );
  }
}

import { type Buckets, bucketsOf } from "../../../clients/buckets.ts";
import type {
  StoredHistogram,
  StoredMetric,
} from "../../../clients/storage.ts";
import { Cell } from "../../cell.ts";
import type { Table } from "../../table.ts";
import { cellsOf, publish, setBucketExemplars } from "../histogram_cells.ts";
import { boundsOf } from "../metric_header.ts";
import { accessor, type Entry, type Slot, type Slots } from "./slots.ts";

/**
 * Histograms: the client counts in an entry, then puts that in its place again.
 * So the entry may stay as it is: what was counted is published then.
 */
export class HistogramSlots implements Slots {
  readonly #table: Table;
  readonly #isUnlabelled: boolean;
  readonly #buckets: Buckets;
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
    const buckets = this.#buckets = bucketsOf(boundsOf(metric));
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

import { areSame } from "../../families/label_set.ts";
import { bucketOf } from "../../families/values.ts";
import { Cell, HISTOGRAM, Spelled } from "../../memory/cell.ts";
import {
  appendHistogram,
  cellsOf,
  makeValue,
  setBucketExemplars,
} from "../entries.ts";
import type { ClientInterception } from "../interception.ts";
import type { Buckets, StoredHistogram, StoredValue } from "../stored.ts";

export type Entry = StoredValue | StoredHistogram;

export type HashMap = Record<string, Entry>;

/** Makes the properties of the map that stand for label sets. */
export interface Slots {
  /** Gives a label set a row, and makes its property of the map. */
  make(stored: Entry, key: string): PropertyDescriptor;
  /** Publishes the exemplar that `updateExemplar()` was given. */
  follow?(given: readonly unknown[], map: HashMap): void;
  /**
   * Counts an observation in an entry and its cells.
   *
   * @returns Whether it could: not if somebody has changed the client's entry.
   */
  observe?(stored: Entry, observation: number): boolean;
}

type Target = ClientInterception<HashMap, HashMap>;

export function makeSlots(target: Target): Slots {
  const { type } = target.header;
  if (type === "counter") return counterSlots(target);
  return type === "gauge" ? gaugeSlots(target) : histogramSlots(target);
}

/** Yields an entry, or takes what the client puts in its place. */
type Slot<Entry> = (this: Entry, stored?: Entry) => unknown;

function accessor<Entry extends object>(
  slot: Slot<Entry>,
  entry: Entry,
): PropertyDescriptor {
  // One function for both, since there may be very many label sets.
  const both = slot.bind(entry);
  return { get: both as () => unknown, set: both };
}

/** Counters: the client adds to the `value` of an entry. */
function counterSlots({ table }: Target): Slots {
  return {
    make(stored, key) {
      const value = makeValue(table, stored as StoredValue);
      new Spelled(value, key);
      return { value, writable: true };
    },
    follow([labels, , key], map) {
      const entry = map[key as string] as StoredValue;
      if (entry.exemplar?.labelSet !== labels) return;
      table.setExemplar(entry, 0, entry.exemplar!);
    },
  };
}

/**
 * Gauges: the client adds to the `value` of an entry, or puts another entry in
 * its place, which an accessor sees.
 */
function gaugeSlots(target: Target): Slots {
  const { table, series } = target;
  const slot: Slot<StoredValue> = function (stored) {
    if (stored === undefined || stored === this) return this;
    const { labels } = this;
    target.set(this, stored.value, stored.labels);
    if (areSame(labels, stored.labels)) return;
    series.delete(this);
    target.attempt(() => table.relabel(this, stored.labels));
  };
  return {
    make: (stored) => accessor(slot, makeValue(table, stored as StoredValue)),
  };
}

/**
 * Histograms: the client counts in an entry, then puts it in its place again,
 * which publishes what was counted.
 */
function histogramSlots(target: Target): Slots {
  const { table, metric, header, buckets } = target;
  /** The entry that the client has asked for last, if there are exemplars. */
  let last: StoredHistogram | undefined;
  const slot: Slot<StoredHistogram> = function (stored) {
    if (stored === this) return publish(this, buckets);
    if (stored === undefined) {
      if (header.exemplars) last = this;
      return this;
    }
    // The client sets it to zero.
    Object.assign(this, stored);
    target.attempt(() => {
      table.rewrite(this, cellsOf(this, buckets));
      table.relabel(this, this.labels);
    });
  };
  return {
    make(stored) {
      const entry = { ...stored } as StoredHistogram;
      appendHistogram(table, entry, entry, buckets);
      return accessor(slot, entry);
    },
    observe(stored, observation) {
      if (metric.upperBounds !== buckets.upperBounds) return false;
      const entry = stored as StoredHistogram;
      const cells = Cell.cells(entry);
      const at = Cell.at(entry);
      if (entry.count !== cells[at + HISTOGRAM.count]) return false;
      const { upperBounds, places } = buckets;
      const { cell, key } = places[bucketOf(upperBounds, observation)];
      cells[at + HISTOGRAM.count] = ++entry.count;
      if (Object.hasOwn(entry.bucketValues, key)) {
        const observations = ++entry.bucketValues[key];
        if (cell >= 0) cells[at + HISTOGRAM.buckets + cell] = observations;
      }
      cells[at + HISTOGRAM.sum] = entry.sum += observation;
      return true;
    },
    follow([, , labels]) {
      if (last !== undefined) {
        setBucketExemplars(table, last, buckets, labels);
      }
      last = undefined;
    },
  };
}

/**
 * Writes into cells what the client has counted since. Usually that is one
 * observation, whose bucket the growth of the sum tells; if rounding misleads, all
 * buckets are written.
 */
function publish(entry: StoredHistogram, { bounds, keys }: Buckets): void {
  const { sum, count, bucketValues } = entry;
  const cells = Cell.cells(entry);
  const at = Cell.at(entry);
  const buckets = at + HISTOGRAM.buckets;
  const bucket = bucketOf(bounds, sum - cells[at + HISTOGRAM.sum]);
  cells[at + HISTOGRAM.count] = count;
  if (
    bucket < bounds.length &&
    bucketValues[keys[bucket]] === cells[buckets + bucket] + 1
  ) cells[buckets + bucket]++;
  else {
    for (let i = 0; i < keys.length; i++) {
      cells[buckets + i] = bucketValues[keys[i]];
    }
  }
  cells[at + HISTOGRAM.sum] = sum;
}

import type { RawLabels } from "../../families/raw_labels.ts";
import { Cell, HISTOGRAM } from "../../memory/cell.ts";
import type { FamilyHeader } from "../../memory/family_header.ts";
import type { Table } from "../../memory/table.ts";
import {
  type Buckets,
  cellsOf,
  makeValue,
  placeOf,
  publish,
  setBucketExemplars,
  type ValueEntry,
} from "../buckets.ts";
import type { StoredHistogram, StoredMetric } from "../stored.ts";

/** The client's entry for a label set. */
export type Entry = ValueEntry | StoredHistogram;

/** The client's map of label sets, by keys that spell them. */
export type HashMap = Record<string, Entry>;

/** Makes the properties of the map that stand for label sets. */
export interface Slots {
  /** Gives a label set a row, and makes what stands in the map for it. */
  make(stored: Entry): PropertyDescriptor;
  /** Publishes the exemplar that `updateExemplar()` was given. */
  follow?(given: readonly unknown[], map: HashMap): void;
  /**
   * Counts an observation, in an entry and its cells.
   *
   * @returns Whether it could: not where somebody has put in place, or changed,
   * what the client has there.
   */
  observe?(stored: Entry | undefined, observation: number): boolean;
}

/** The parts that slots need of an interception. */
export interface SlotOptions {
  readonly table: Table;
  readonly metric: StoredMetric;
  readonly header: FamilyHeader;
  readonly buckets: Buckets;
  /** Whether there is but one label set. */
  readonly isUnlabelled: boolean;
  /** Does what may fail for want of memory. */
  readonly attempt: (change: () => void) => void;
}

/** Makes the slots for a metric, by its type. */
export function makeSlots(options: SlotOptions): Slots {
  const { type } = options.header;
  if (type === "counter") return counterSlots(options);
  return type === "gauge" ? gaugeSlots(options) : histogramSlots(options);
}

/** Yields an entry, or takes what the client puts in its place. */
type Slot<Entry> = (this: Entry, stored?: Entry) => unknown;

/** Makes of a slot what stands in the map for an entry. */
function accessor<Entry extends object>(
  slot: Slot<Entry>,
  entry: Entry,
  isUnlabelled: boolean,
): PropertyDescriptor {
  // One function for both, since label sets have no memory to waste; where there
  // is but one, V8 is faster with a function that is not a bound one.
  const both = isUnlabelled
    ? (stored?: Entry) => slot.call(entry, stored)
    : slot.bind(entry);
  return { get: both as () => unknown, set: both };
}

/** Counters: the client adds to the `value` of an entry. */
function counterSlots({ table }: SlotOptions): Slots {
  return {
    make(stored) {
      return { value: makeValue(table, stored as ValueEntry), writable: true };
    },
    follow([labels, , key], map) {
      const entry = map[key as string] as ValueEntry;
      if (entry.exemplar?.labelSet !== labels) return;
      table.setExemplar(entry, 0, entry.exemplar!);
    },
  };
}

/**
 * Gauges: the client adds to the `value` of an entry, or puts another entry in
 * its place. So what stands in the map is an accessor.
 */
function gaugeSlots({ table, isUnlabelled, attempt }: SlotOptions): Slots {
  const slot: Slot<ValueEntry> = function (stored) {
    if (stored === undefined || stored === this) return this;
    Cell.set(this, stored.value);
    const { labels } = this;
    this.labels = stored.labels;
    if (isSame(labels, stored.labels)) return;
    attempt(() => table.relabel(this, stored.labels));
  };
  return {
    make: (stored) =>
      accessor(slot, makeValue(table, stored as ValueEntry), isUnlabelled),
  };
}

/** Tells whether two label sets have the same names and values. */
function isSame(a: RawLabels, b: RawLabels): boolean {
  if (a === b) return true;
  let names = 0;
  for (const name in a) {
    if (a[name] !== b[name]) return false;
    names++;
  }
  for (const _ in b) names--;
  return names === 0;
}

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
function histogramSlots(
  { table, metric, header, buckets, isUnlabelled, attempt }: SlotOptions,
): Slots {
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
    attempt(() => {
      table.rewrite(this, cellsOf(this, buckets));
      table.relabel(this, this.labels);
    });
  };
  return {
    make(stored) {
      const entry = { ...stored } as StoredHistogram;
      table.append(entry.labels, cellsOf(entry, buckets), (cells, at) => {
        new Cell(entry, cells, at);
      });
      setBucketExemplars(table, entry, buckets);
      return accessor(slot, entry, isUnlabelled);
    },
    observe(stored, observation) {
      if (
        stored === undefined || !Cell.has(stored) ||
        metric.upperBounds !== buckets.upperBounds
      ) return false;
      const entry = stored as Counted;
      const cells = Cell.cells(entry);
      const at = Cell.at(entry);
      if (entry.count !== cells[at + HISTOGRAM.count]) return false;
      const { cell, key } = placeOf(buckets, observation);
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

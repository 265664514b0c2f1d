import type { RawLabels } from "../../../clients/labels.ts";
import { Cell } from "../../../metrics/cell.ts";
import type { Table } from "../../table.ts";
import { makeValue, type ValueEntry } from "../value_entry.ts";
import { accessor, type Entry, type Slot, type Slots } from "./slots.ts";

/**
 * Gauges: the client adds to the `value` of an entry, or puts another entry in
 * its place. So what stands in the map is an accessor.
 */
export class GaugeSlots implements Slots {
  readonly #table: Table;
  readonly #isUnlabelled: boolean;
  readonly #slot: Slot<ValueEntry>;

  constructor(
    table: Table,
    isUnlabelled: boolean,
    attempt: (change: () => void) => void,
  ) {
    this.#table = table;
    this.#isUnlabelled = isUnlabelled;
    this.#slot = function (stored) {
      if (stored === undefined || stored === this) return this;
      Cell.set(this, stored.value);
      const { labels } = this;
      this.labels = stored.labels;
      if (isSame(labels, stored.labels)) return;
      attempt(() => table.relabel(this, stored.labels));
    };
  }

  make(stored: Entry): PropertyDescriptor {
    const entry = makeValue(this.#table, stored as ValueEntry);
    return accessor(this.#slot, entry, this.#isUnlabelled);
  }

  /** Gauges have no exemplars. */
  follow(): void {}
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

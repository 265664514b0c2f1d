import type { Table } from "../../table.ts";
import { makeValue, type ValueEntry } from "../value_entry.ts";
import type { Entry, HashMap, Slots } from "./slots.ts";

/** Counters: the client adds to the `value` of an entry. */
export class CounterSlots implements Slots {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  make(stored: Entry): PropertyDescriptor {
    const value = makeValue(this.#table, stored as ValueEntry);
    return { value, writable: true };
  }

  follow([labels, , key]: readonly unknown[], map: HashMap): void {
    const { exemplar } = map[key as string] as ValueEntry;
    if (exemplar?.labelSet !== labels) return;
    this.#table.setExemplar(map[key as string], 0, exemplar!);
  }
}

import type { CollectedExemplar } from "../../types.ts";
import { type LiveValue, liveValue } from "../live_value.ts";
import type { Table } from "../table.ts";

/** What both clients keep of a label set of a counter or a gauge. */
export type ValueEntry = LiveValue & { exemplar?: CollectedExemplar };

/** Makes an entry whose value is in a row of its own. */
export function makeValue(
  table: Table,
  { labels, value, exemplar }: ValueEntry,
): ValueEntry {
  let entry!: ValueEntry;
  table.append(labels, [Number(value)], (cells, at) => {
    entry = liveValue(labels, cells, at);
  });
  if (exemplar) {
    entry.exemplar = exemplar;
    table.setExemplar(entry, 0, exemplar);
  }
  return entry;
}

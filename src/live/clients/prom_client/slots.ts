import type { StoredHistogram } from "../../../clients/storage.ts";
import type { ValueEntry } from "../value_entry.ts";

/** What the client keeps of a label set. */
export type Entry = ValueEntry | StoredHistogram;

/** What the client keeps label sets in, by keys that spell them. */
export type HashMap = Record<string, Entry>;

/** What stands in the map for label sets. */
export interface Slots {
  /** Gives a label set a row, and makes what stands in the map for it. */
  make(stored: Entry): PropertyDescriptor;
  /** Publishes the exemplar that `updateExemplar()` was given. */
  follow(given: readonly unknown[], map: HashMap): void;
}

/** Yields an entry, or takes what the client puts in its place. */
export type Slot<Entry> = (this: Entry, stored?: Entry) => unknown;

/** Makes of a slot what stands in the map for an entry. */
export function accessor<Entry extends object>(
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

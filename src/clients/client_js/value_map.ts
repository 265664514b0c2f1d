import type { RawLabels } from "../../families/raw_labels.ts";
import { Cell } from "../../memory/cell.ts";
import { makeValue, type ValueEntry } from "../buckets.ts";
import { LiveMap } from "./live_map.ts";

/** The label sets of a counter or a gauge. */
export class ValueMap extends LiveMap<ValueEntry> {
  set(labels: RawLabels, value: number = 0): this {
    const key = this.keyFrom(labels);
    const entry = this.entries.get(key);
    if (entry !== undefined) Cell.set(entry, value);
    else this.add(key, { labels, value });
    return this;
  }

  setDelta(labels: RawLabels, value: number = 0): this {
    const key = this.keyFrom(labels);
    const entry = this.entries.get(key);
    if (entry !== undefined) entry.value += value;
    else this.add(key, { labels, value });
    return this;
  }

  get(labels: RawLabels): unknown {
    return this.entry(labels)?.value;
  }

  getOrAdd(labels: RawLabels, init: () => unknown): unknown {
    if (this.entry(labels) === undefined) this.set(labels, init() as number);
    return this.get(labels);
  }

  entry(labels: RawLabels): ValueEntry | undefined {
    return this.entries.get(this.keyFrom(labels));
  }

  merge(labels: RawLabels, values: Partial<ValueEntry>): object {
    const key = this.keyFrom(labels);
    const entry = this.entries.get(key);
    if (entry === undefined) {
      return this.add(key, { ...values, labels } as ValueEntry);
    }
    Object.assign(entry, values, { labels });
    this.attempt(() => this.table.relabel(entry, labels));
    return entry;
  }

  follow(labels: RawLabels, [exemplarLabels]: readonly unknown[]): void {
    const entry = this.entry(labels);
    if (entry?.exemplar?.labelSet !== exemplarLabels) return;
    this.table.setExemplar(entry!, 0, entry!.exemplar!);
  }

  override values(): Iterable<ValueEntry> {
    return this.entries.values();
  }

  protected stored(entry: ValueEntry): ValueEntry {
    return entry;
  }

  protected put(key: string, stored: ValueEntry): object {
    const entry = makeValue(this.table, stored);
    this.entries.set(key, entry);
    return entry;
  }
}

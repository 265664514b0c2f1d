import type { RawLabels } from "../../families/label_set.ts";
import { ClientInterception, type InterceptOptions } from "../interception.ts";
import type { StoredEntry } from "../stored.ts";
import { HistogramMap } from "./histogram_map.ts";
import {
  type JsMetric,
  type LabelMap,
  type LabelMapClass,
  type LiveMap,
  ValueMap,
} from "./live_map.ts";

/**
 * `@prometheus-io/client` 0.16: a `LabelMap` named `store`, which makes all
 * changes of label sets. A map that keeps them in shared memory takes its place.
 */
export class LabelMapInterception
  extends ClientInterception<LabelMap, LiveMap<StoredEntry>> {
  readonly #class: LabelMapClass;

  constructor(metric: JsMetric, options: InterceptOptions) {
    super(metric, "store", options);
    this.#class = metric.store.constructor as LabelMapClass;
    this.begin();
  }

  owners(): Iterable<object> {
    return this.shown.owners();
  }

  protected adopt(stored: LabelMap): void {
    const empty = new this.#class(this.metric.labelNames);
    this.shown = this.header.type === "histogram"
      ? new HistogramMap(this, empty)
      : new ValueMap(this, empty);
    for (const entry of stored.values()) {
      this.shown.add(keyOf(stored, entry), entry);
    }
  }

  protected replace(stored: LabelMap): void {
    this.shown.clear();
    this.adopt(stored);
  }

  protected copy(): LabelMap {
    const map = new this.#class(this.metric.labelNames);
    for (const [key, { labels, ...values }] of this.shown.snapshot()) {
      // The caller may have changed the labels that it passed.
      map.keyFrom = () => key;
      map.merge(labels, values);
    }
    delete (map as Partial<LabelMap>).keyFrom;
    return map;
  }

  protected follow([labels, ...given]: readonly unknown[]): void {
    this.shown.follow(labels as RawLabels, given);
  }

  observe(entry: StoredEntry, observation: number): boolean {
    this.shown.observe!(entry, observation);
    return true;
  }
}

/**
 * Finds the key under which a map of the client keeps an entry. The caller that
 * passed its labels may have changed them, and so may the client itself.
 */
function keyOf(map: LabelMap, entry: StoredEntry): string {
  const keys = [map.keyFrom(entry.labels), ""];
  const key = keys.find((key) => {
    map.keyFrom = () => key;
    const found = map.entry({});
    delete (map as Partial<LabelMap>).keyFrom;
    return found === entry;
  });
  if (key !== undefined) return key;
  throw new TypeError("its labels must be as they were when they were passed");
}

import type { RawLabels } from "../../families/raw_labels.ts";
import { ClientInterception, type InterceptOptions } from "../interception.ts";
import type { StoredMetric } from "../stored.ts";
import { HistogramMap } from "./histogram_map.ts";
import type { LabelMap, LabelMapClass, LiveMap } from "./live_map.ts";
import { ValueMap } from "./value_map.ts";

/** An entry of the client's own maps. */
interface Entry {
  labels: RawLabels;
}

type AnyLiveMap = LiveMap<Entry>;
type JsMetric = StoredMetric & { store: LabelMap };

/**
 * `@prometheus-io/client` 0.16: a `LabelMap` named `store`, which does all that
 * is done to label sets. One that keeps them in shared memory takes its place.
 */
export class StoreInterception
  extends ClientInterception<LabelMap, AnyLiveMap> {
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
    const { metric } = this;
    const options = {
      table: this.table,
      empty: new this.#class(metric.labelNames),
      fail: (error: unknown) => {
        this.fail(error);
        return (metric as JsMetric).store;
      },
    };
    this.shown = this.header.type === "histogram"
      ? new HistogramMap(metric, this.buckets, options)
      : new ValueMap(options);
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
      // Labels may have been changed by whoever passed them.
      map.keyFrom = () => key;
      map.merge(labels, values);
    }
    delete (map as Partial<LabelMap>).keyFrom;
    return map;
  }

  protected follow([labels, ...given]: readonly unknown[]): void {
    this.shown.follow(labels as RawLabels, given);
  }

  protected count(observation: number): boolean {
    return this.shown instanceof HistogramMap &&
      this.shown.observe(observation);
  }
}

/**
 * Finds out under which key a map of the client keeps an entry: its labels may
 * have been changed by whoever passed them, and by the client itself.
 */
function keyOf(map: LabelMap, entry: Entry): string {
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

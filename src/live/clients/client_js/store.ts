import type { RawLabels } from "../../../clients/labels.ts";
import type { StoredMetric } from "../../../clients/storage.ts";
import { type Override, override } from "../../override.ts";
import { Table } from "../../table.ts";
import type {
  Interception,
  InterceptOptions,
  LiveClient,
} from "../live_client.ts";
import { DirectObserve } from "../direct_observe.ts";
import { headerOf } from "../metric_header.ts";
import { HistogramMap } from "./histogram_map.ts";
import { isLabelMap, type LabelMap, type LabelMapClass } from "./label_map.ts";
import type { LiveMap } from "./live_map.ts";
import { ValueMap } from "./value_map.ts";

/** An entry of the client's own maps. */
interface Entry {
  labels: RawLabels;
}

type AnyLiveMap = LiveMap<Entry>;

interface JsMetric extends StoredMetric {
  store: LabelMap;
  readonly labelNames: readonly string[];
  updateExemplar(labels: RawLabels, ...given: unknown[]): unknown;
}

/**
 * `@prometheus-io/client` 0.16: a `LabelMap` named `store`, which does all that
 * is done to label sets. One that keeps them in shared memory takes its place.
 */
export const liveClientJs: LiveClient = {
  property: "store",
  isKnown: isLabelMap,
  intercept: (metric, options) =>
    new StoreInterception(metric as JsMetric, options),
};

/** What `observe()` of its histograms says. */
const OBSERVE = "observeWithoutExemplar(labels,value)" +
  "{observe(this,labels===0?0:labels||{},value)}";

class StoreInterception implements Interception {
  readonly table: Table;
  readonly #metric: JsMetric;
  readonly #class: LabelMapClass;
  readonly #fail: (error: unknown) => LabelMap;
  #map: AnyLiveMap;
  #exemplars: Override | undefined;
  #storage: Override | undefined;
  #direct: DirectObserve | undefined;

  constructor(metric: JsMetric, { memory, onFailure }: InterceptOptions) {
    this.#metric = metric;
    this.#class = metric.store.constructor as LabelMapClass;
    this.#fail = (error) => {
      if (this.#storage === undefined) throw error;
      onFailure(error);
      return metric.store;
    };
    const header = headerOf(metric);
    this.table = new Table(memory, {
      header,
      isUnlabelled: metric.labelNames.length === 0,
      owners: () => this.#map.owners(),
    });
    this.#map = this.#make();
    try {
      this.#adopt(metric.store);
      this.#interceptAll(header.exemplars);
    } catch (error) {
      this.#exemplars?.restore();
      this.#direct?.end();
      this.table.dispose();
      throw error;
    }
  }

  detach(): boolean {
    const map = new this.#class(this.#metric.labelNames);
    for (const [key, { labels, ...values }] of this.#map.snapshot()) {
      // Labels may have been changed by whoever passed them.
      map.keyFrom = () => key;
      map.merge(labels, values);
    }
    delete (map as Partial<LabelMap>).keyFrom;
    if (!this.#storage!.restore()) return false;
    this.#metric.store = map;
    this.#exemplars?.restore();
    this.#direct?.end();
    return true;
  }

  #interceptAll(hasExemplars: boolean): void {
    const metric = this.#metric;
    if (hasExemplars) {
      const { updateExemplar } = metric;
      this.#exemplars = override(metric, "updateExemplar", {
        writable: true,
        value: (labels: RawLabels, ...given: unknown[]) => {
          updateExemplar.call(metric, labels, ...given);
          try {
            this.#map.follow(labels, given);
          } catch (error) {
            this.#fail(error);
          }
        },
      });
    }
    if (metric.type === "histogram" && metric.labelNames.length === 0) {
      this.#direct = new DirectObserve(
        metric,
        OBSERVE,
        (observation) =>
          this.#map instanceof HistogramMap && this.#map.observe(observation),
      );
    }
    this.#storage = override(metric, "store", {
      get: () => this.#map,
      // The client resets a metric by giving it another map.
      set: (map: LabelMap) => this.#replace(map),
    });
  }

  #make(): AnyLiveMap {
    const metric = this.#metric;
    const options = {
      table: this.table,
      empty: new this.#class(metric.labelNames),
      fail: this.#fail,
    };
    return metric.type === "histogram"
      ? new HistogramMap(metric, options)
      : new ValueMap(options);
  }

  #adopt(map: LabelMap): void {
    for (const stored of map.values()) {
      this.#map.adopt(keyOf(map, stored), stored);
    }
  }

  #replace(map: LabelMap): void {
    this.#map.clear();
    this.#map = this.#make();
    this.#adopt(map);
    // Constructors come here when they have set `observe`.
    this.#direct?.begin();
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

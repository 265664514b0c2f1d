import type {
  ClientStorage,
  StoredChunk,
  StoredHistogram,
  StoredMetric,
  StoredValue,
} from "./storage.ts";

/** `@prometheus-io/client` 0.16: a `LabelMap` named `store`. */
export const clientJs: ClientStorage = {
  name: "@prometheus-io/client",
  expression: "Array.from(this.store.values())",
  list<Entry extends StoredValue | StoredHistogram>(
    metric: StoredMetric,
  ): StoredChunk<Entry>[] {
    const { store } = metric as StoredMetric & {
      store: { values(): Iterable<Entry> };
    };
    return [{ entries: Array.from(store.values()) }];
  },
};

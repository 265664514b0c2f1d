import type {
  ClientStorage,
  StoredChunk,
  StoredHistogram,
  StoredMetric,
  StoredValue,
} from "../stored.ts";

/** `@prometheus-io/client` 0.16: a `LabelMap` named `store`. */
export const clientJs: ClientStorage = {
  name: "@prometheus-io/client",
  property: "store",
  list<Entry extends StoredValue | StoredHistogram>(
    metric: StoredMetric,
  ): StoredChunk<Entry>[] {
    const { store } = metric as StoredMetric & {
      store: { values(): Iterable<Entry> };
    };
    return [{ entries: Array.from(store.values()) }];
  },
};

/** A fork of it, which chooses its `get()` in the constructor. */
export const platformatic: ClientStorage = {
  ...clientJs,
  name: "@platformatic/prom-client",
};

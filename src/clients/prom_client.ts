import type {
  ClientStorage,
  StoredChunk,
  StoredHistogram,
  StoredMetric,
  StoredValue,
} from "./storage.ts";

const CHUNK = 1024;

/** `prom-client` 15: an object `hashMap`, whose keys spell the label sets. */
export const promClient: ClientStorage = {
  name: "prom-client",
  expression: "Object.values(this.hashMap)",
  *list<Entry extends StoredValue | StoredHistogram>(
    metric: StoredMetric,
  ): Generator<StoredChunk<Entry>> {
    const { hashMap } = metric as StoredMetric & {
      hashMap: Record<string, Entry>;
    };
    let keys: string[] = [];
    let entries: Entry[] = [];
    // V8 lists the values of an object with many keys at half this speed. Keys
    // that are removed in a pause do not come.
    const isPolluted = Object.keys(Object.prototype).length > 0;
    for (const key in hashMap) {
      if (isPolluted && !Object.hasOwn(hashMap, key)) continue;
      keys.push(key);
      entries.push(hashMap[key]);
      if (keys.length < CHUNK) continue;
      yield { keys, entries };
      keys = [];
      entries = [];
    }
    yield { keys, entries };
  },
};

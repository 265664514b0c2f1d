import type {
  ClientStorage,
  StoredChunk,
  StoredHistogram,
  StoredMetric,
  StoredValue,
} from "../stored.ts";

const CHUNK = 1024;

/** Metrics that had more label sets than a chunk holds. */
const large = new WeakSet<StoredMetric>();

/** `prom-client` 14 and 15: an object `hashMap`, whose keys spell label sets. */
export const promClient: ClientStorage = {
  name: "prom-client",
  property: "hashMap",
  list<Entry extends StoredValue | StoredHistogram>(
    metric: StoredMetric,
  ): Iterable<StoredChunk<Entry>> {
    const { hashMap } = metric as StoredMetric & {
      hashMap: Record<string, Entry>;
    };
    if (!large.has(metric)) {
      const keys = Object.keys(hashMap);
      if (keys.length <= CHUNK) {
        const entries: Entry[] = [];
        for (const key of keys) entries.push(hashMap[key]);
        return [{ keys, entries }];
      }
      large.add(metric);
    }
    return listLarge(hashMap);
  },
};

function* listLarge<Entry>(
  hashMap: Record<string, Entry>,
): Generator<StoredChunk<Entry>> {
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
}

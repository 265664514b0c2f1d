/** The buckets of a histogram, without the one for everything. */
export interface Buckets {
  /** Their upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** What a bucket's count is stored under. */
  readonly keys: readonly (string | number)[];
}

const knownBuckets = new WeakMap<readonly number[], Buckets>();

/**
 * The bounds of a histogram's buckets as they are written: the clients take them
 * in any order, twice, with the infinity that is written in any case, and as
 * texts.
 */
export function bucketsOf(upperBounds: readonly number[]): Buckets {
  let known = knownBuckets.get(upperBounds);
  if (known === undefined) {
    const keys = new Map<number, string | number>();
    for (const each of upperBounds) {
      const bound = Number(each);
      if (Number.isFinite(bound) && !keys.has(bound)) {
        keys.set(bound, bucketKey(each));
      }
    }
    const bounds = [...keys.keys()].sort((a, b) => a - b);
    known = { bounds, keys: bounds.map((bound) => keys.get(bound)!) };
    knownBuckets.set(upperBounds, known);
  }
  return known;
}

/**
 * What the clients store a bucket's count under: its bound as text. A number that
 * is no array index would be made a text with every use.
 */
export function bucketKey(bound: number): string | number {
  return Number.isInteger(bound) && bound >= 0 ? bound : String(bound);
}

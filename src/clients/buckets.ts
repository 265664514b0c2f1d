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
 * in any order, twice, and with the infinity that is written in any case.
 */
export function bucketsOf(upperBounds: readonly number[]): Buckets {
  let known = knownBuckets.get(upperBounds);
  if (known === undefined) {
    const bounds = [...new Set(upperBounds.map(Number))]
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    // A number that is no array index would be made a string with every use.
    const keys = bounds.map((bound) =>
      Number.isInteger(bound) && bound >= 0 ? bound : String(bound)
    );
    knownBuckets.set(upperBounds, known = { bounds, keys });
  }
  return known;
}

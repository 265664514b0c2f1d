/** Up to how many values share memory with others. */
const SMALL = 64;

/** How many values the memory has that is shared. */
const SHARED = 1024;

let shared = new Float64Array(SHARED);
let used = 0;

/**
 * Makes room for the values of a family, all 0. Small families share memory: on
 * Deno it takes 0.6 µs to allocate any, longer than to read a family of one
 * series.
 */
export function valueArray(length: number): Float64Array {
  if (length > SMALL) return new Float64Array(length);
  if (used + length > SHARED) {
    shared = new Float64Array(SHARED);
    used = 0;
  }
  const { buffer, BYTES_PER_ELEMENT } = shared;
  const values = new Float64Array(buffer, used * BYTES_PER_ELEMENT, length);
  used += length;
  return values;
}

/** Keeps values, as {@linkcode valueArray} does. */
export function toValueArray(values: readonly number[]): Float64Array {
  const array = valueArray(values.length);
  for (let i = 0; i < values.length; i++) array[i] = values[i];
  return array;
}

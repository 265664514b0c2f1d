/** The values that a family has, by its type, and the exemplars beside them. */

import { EXEMPLAR_CHARACTERS } from "../base/label_limits.ts";
import type {
  CollectedExemplar,
  Exemplar,
  MetricType,
  Series,
} from "../types.ts";

/** Tells whether a type has several values a series, with a count and a sum. */
export function hasSum(type: MetricType): type is "histogram" | "summary" {
  return type === "histogram" || type === "summary";
}

/** The suffix of the samples at the bounds, and the label with the bound. */
export const AT_BOUNDS = {
  histogram: { suffix: "_bucket", label: "le" },
  summary: { suffix: "", label: "quantile" },
} as const;

/** How many values a series has: at its bounds, then the count, then the sum. */
export function valuesPerSeries(type: MetricType, { bounds }: Series): number {
  return hasSum(type) ? (bounds?.length ?? 0) + 2 : 1;
}

/** Finds the first of ascending bounds that holds a value; `NaN` is in none. */
export function bucketOf(bounds: ArrayLike<number>, value: number): number {
  let bucket = 0;
  while (bucket < bounds.length && !(value <= bounds[bucket])) bucket++;
  return bucket;
}

/** Up to how many values share memory with others. */
const SMALL = 64;

/** How many values the memory has that is shared. */
const SHARED = 1024;

let shared = new Float64Array(SHARED);
let used = 0;

export type FamilyValues = Float64Array | number[];

/**
 * Makes room for the values of a family. Small families share memory: on Deno it
 * takes 0.6 µs to allocate any, longer than to read a family of one series. For
 * one value even a view takes longer than the rest.
 */
export function valueArray(length: number): FamilyValues {
  // Not 0, with which engines would make a list of integers.
  if (length === 1) return [NaN];
  if (length > SMALL) return new Float64Array(length);
  if (used + length > SHARED) {
    shared = new Float64Array(SHARED);
    used = 0;
  }
  const values = shared.subarray(used, used + length);
  used += length;
  return values;
}

/** Adds an exemplar, unless it is half made: the client has refused it. */
export function addExemplar(
  exemplars: Map<number, Exemplar>,
  at: number,
  collected: CollectedExemplar | null | undefined,
): void {
  const { labelSet, value, timestamp } = collected ?? {};
  if (typeof value !== "number" || typeof labelSet !== "object") return;
  const labels: Record<string, string> = {};
  let characters = 0;
  for (const [name, labelValue] of Object.entries(labelSet)) {
    // Prometheus refuses a whole scrape for a NUL here, and for an empty name.
    if (name === "" || name.includes("\0")) return;
    labels[name] = String(labelValue).replaceAll("\0", "\ufffd").toWellFormed();
    characters += [...name].length + [...labels[name]].length;
  }
  if (characters > EXEMPLAR_CHARACTERS) return;
  exemplars.set(at, { labels, value, timestamp });
}

/** The last time that there is in JavaScript. */
const MAX_TIME = 8.64e15;

/** Adds the time of values that follow one another, unless it is no time. */
export function addTimestamp(
  timestamps: Map<number, number>,
  at: number,
  count: number,
  collected: number | Date,
): void {
  const time = collected instanceof Date ? collected.getTime() : collected;
  if (typeof time !== "number" || !(Math.abs(time) <= MAX_TIME)) return;
  for (let i = at; i < at + count; i++) timestamps.set(i, time);
}

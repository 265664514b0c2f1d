/**
 * The series of a family: their labels, where their values lie, and by which
 * names their samples go.
 *
 * @module
 */

import type { MetricFamily, MetricType, Series } from "../types.ts";
import type { RawLabels } from "./raw_labels.ts";
import { commonText } from "./text.ts";

/**
 * Makes a series.
 *
 * @param labels Its own labels; those without a value are left out.
 * @param defaults The labels that the registry gives to series that lack them.
 * @throws {TypeError} If a label has a name that no label may have.
 */
export function makeSeries(
  labels: RawLabels,
  defaults: Readonly<Record<string, string>>,
  bounds?: readonly number[],
): Series {
  const all: Record<string, string> = { ...defaults };
  for (const name of Object.keys(labels)) {
    const value = labels[name];
    if (value === undefined) continue;
    // Two label sets must differ in characters that UTF-8 has.
    const text = String(value).toWellFormed();
    // An assignment would set the prototype.
    if (name !== "__proto__") all[name] = text;
    else Object.defineProperty(all, name, { value: text, enumerable: true });
  }
  // Prometheus refuses everything that it scrapes for one such label.
  if (Object.hasOwn(all, "") || Object.hasOwn(all, "__name__")) {
    throw new TypeError(
      "its labels, and the registry's, must have names other than " +
        `"__name__", received ${
          JSON.stringify(Object.hasOwn(all, "") ? "" : "__name__")
        }`,
    );
  }
  const names = Object.keys(all);
  let inOrder = all;
  // They are written in the order of their names; one may be `__proto__`.
  let isInOrder = true;
  for (let i = 1; i < names.length; i++) isInOrder &&= names[i - 1] < names[i];
  if (!isInOrder) {
    const entries = names.sort().map((name) => [name, all[name]]);
    inOrder = Object.fromEntries(entries);
  }
  return { labels: inOrder, bounds, text: commonText(inOrder) };
}

/**
 * The default labels of a metric's series: bounds and quantiles have the names
 * of theirs to themselves.
 */
export function defaultsFor(
  type: MetricType,
  defaults: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { [type === "histogram" ? "le" : "quantile"]: _, ...others } = defaults;
  return hasSum(type) ? others : defaults;
}

/** Tells whether a type has several values a series, with a count and a sum. */
export function hasSum(type: MetricType): type is "histogram" | "summary" {
  return type === "histogram" || type === "summary";
}

/** How many values a series has: at its bounds, then the count, then the sum. */
export function valuesPerSeries(
  type: MetricType,
  { bounds }: Pick<Series, "bounds">,
): number {
  return hasSum(type) ? (bounds?.length ?? 0) + 2 : 1;
}

/** The names that a family's samples have. */
export function sampleNames(
  { name, type }: Pick<MetricFamily, "name" | "type">,
): readonly string[] {
  if (!hasSum(type)) return [name];
  const bounded = type === "histogram" ? `${name}_bucket` : name;
  return [bounded, `${name}_sum`, `${name}_count`];
}

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

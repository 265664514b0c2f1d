import type { MetricFamily, MetricType, Series } from "../types.ts";

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

const SUFFIXES: Readonly<Record<MetricType, readonly string[]>> = {
  counter: [""],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
  unknown: [""],
};

/** The names that a family's samples have. */
export function sampleNames(
  { name, type }: Pick<MetricFamily, "name" | "type">,
): string[] {
  return SUFFIXES[type].map((suffix) => name + suffix);
}

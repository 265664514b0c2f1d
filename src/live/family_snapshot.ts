import type { MetricFamily, Series } from "../types.ts";
import type { FamilySnapshot } from "./family_header.ts";

/** Makes of a family what is written of it. */
export function toSnapshot(
  { name, help, type, series, values, exemplars = new Map() }: MetricFamily,
): FamilySnapshot {
  return {
    name,
    help,
    type,
    series,
    values: Array.from(values, numberText),
    exemplars: [...exemplars].map(([index, { labels, value, timestamp }]) => [
      index,
      { labels, value: numberText(value), timestamp },
    ]),
  };
}

/**
 * Makes a family of what was written.
 *
 * @param last The family that it was: where the series are the same, the objects
 * are.
 */
export function fromSnapshot(
  { name, help, type, series, values, exemplars }: FamilySnapshot,
  last: MetricFamily | undefined,
): MetricFamily {
  return {
    name,
    help,
    type,
    series: series.map((each, row) => {
      const old = last?.series[row];
      return old !== undefined && isSame(old, each) ? old : each;
    }),
    values: Float64Array.from(values, Number),
    exemplars: new Map(exemplars.map(([index, exemplar]) => [
      index,
      { ...exemplar, value: Number(exemplar.value) },
    ])),
    origin: last?.origin ?? {},
  };
}

/** Spells a number so that `Number()` yields it again. */
function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function isSame(a: Series, b: Series): boolean {
  return a.text !== undefined && a.text === b.text &&
    a.bounds?.join() === b.bounds?.join();
}

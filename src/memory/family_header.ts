import type { Exemplar, MetricFamily, MetricType, Series } from "../types.ts";

/** The description of a live family, for readers. */
export interface FamilyHeader {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Of a histogram the upper bounds, ascending, without `+Inf`. */
  readonly bounds?: readonly number[];
  /** Whether there are cells for exemplars. */
  readonly exemplars: boolean;
}

/** The header of a live family, as it is written. */
export interface RowsHeader extends FamilyHeader {
  readonly kind: "value" | "histogram";
  /** How many words each row takes. */
  readonly words: number;
}

/** The header of a family that is not live: all of it, as it was last known. */
export interface FamilySnapshot {
  readonly kind: "snapshot";
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly series: readonly Series[];
  /** As texts, since JSON lacks `NaN`, the infinities and `-0`. */
  readonly values: readonly string[];
  readonly exemplars: readonly (readonly [index: number, SnapshotExemplar])[];
}

/** An exemplar in a {@linkcode FamilySnapshot}. */
type SnapshotExemplar = Omit<Exemplar, "value"> & { readonly value: string };

/** Makes of a family what is written of it. */
export function toSnapshot(
  { name, help, type, series, values, exemplars = new Map() }: MetricFamily,
): FamilySnapshot {
  return {
    kind: "snapshot",
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

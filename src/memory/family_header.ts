import { seriesFrom } from "../families/label_set.ts";
import type { Exemplar, MetricFamily, Series } from "../types.ts";

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
export interface FamilySnapshot
  extends Pick<MetricFamily, "name" | "help" | "type" | "series"> {
  readonly kind: "snapshot";
  /** As texts, since JSON lacks `NaN`, the infinities and `-0`. */
  readonly values: readonly string[];
  readonly exemplars: readonly (readonly [
    index: number,
    exemplar: Omit<Exemplar, "value"> & { readonly value: string },
  ])[];
  readonly timestamps: readonly (readonly [index: number, time: number])[];
}

export function toSnapshot(
  { name, help, type, series, values, exemplars, timestamps }: MetricFamily,
): FamilySnapshot {
  return {
    kind: "snapshot",
    name,
    help,
    type,
    series,
    values: Array.from(values, numberText),
    exemplars: Array.from(exemplars ?? [], ([index, exemplar]) => [
      index,
      { ...exemplar, value: numberText(exemplar.value) },
    ]),
    timestamps: [...timestamps ?? []],
  };
}

/**
 * Makes a family of its snapshot.
 *
 * @param last The family that it was: where the series are the same, the objects
 * are.
 */
export function fromSnapshot(
  { name, help, type, series, values, exemplars, timestamps }: FamilySnapshot,
  last: MetricFamily | undefined,
): MetricFamily {
  return {
    name,
    help,
    type,
    series: series.map((each, row) => {
      const old = last?.series[row];
      return old !== undefined && isSame(old, each) ? old : seriesFrom(each);
    }),
    values: Float64Array.from(values, Number),
    exemplars: new Map(exemplars.map(([index, exemplar]) => [
      index,
      { ...exemplar, value: Number(exemplar.value) },
    ])),
    timestamps: new Map(timestamps),
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

import type { Steps } from "../runtime/pace.ts";
import type { MetricFamily, Series } from "../types.ts";
import { numberText } from "./byte_writer.ts";
import {
  hasSum,
  sampleNames,
  valuesPerSeries,
} from "../families/family_layout.ts";

/** After so many series the clock is looked at. */
const ROWS = 128;

/** A family as a format names it. */
export interface WrittenFamily extends MetricFamily {
  /** What HELP and TYPE call it, where that is not its name. */
  readonly familyName?: string;
  /** Its unit, for the formats that tell it. */
  readonly unit?: string;
}

/** The base units of Prometheus, and those that OpenMetrics adds. */
const UNITS = [
  "seconds",
  "bytes",
  "ratio",
  "celsius",
  "meters",
  "grams",
  "joules",
  "volts",
  "amperes",
  "hertz",
  "watts",
];

/**
 * Makes families what OpenMetrics can say.
 *
 * A counter's family is named without `_total`. What OpenMetrics does not allow
 * becomes `unknown`, with the same samples, so that no series is lost and none
 * has another name than in the text format: a counter whose name does not end in
 * `_total`, counters and sums that are negative or `NaN`, sums beside negative
 * buckets, and families whose names another one has.
 */
export function* toOpenMetrics(
  families: readonly MetricFamily[],
): Steps<readonly WrittenFamily[]> {
  const unknown = new Set<MetricFamily>();
  const owners = new Map<string, MetricFamily>();
  const own = (names: readonly string[], family: MetricFamily) =>
    names.forEach((name) => owners.set(name, family));
  for (const family of families) own(sampleNames(family), family);
  for (const family of families.toSorted((a, b) => turn(a) - turn(b))) {
    const names = reservedNames(family);
    const isFree = names.every((name) =>
      (owners.get(name) ?? family) === family
    );
    if (isFree && isExpressible(family)) own(names, family);
    else unknown.add(family);
  }
  const written: WrittenFamily[] = [];
  for (const family of families) {
    if (unknown.has(family)) written.push(...yield* asUnknown(family));
    else written.push(toWritten(family));
  }
  return written.map(withUnit);
}

/** Whose turn it is to reserve names: who can do with fewer comes later. */
function turn({ type }: MetricFamily): number {
  return type === "counter" ? 2 : hasSum(type) ? 1 : 0;
}

function toWritten(family: MetricFamily): WrittenFamily {
  return family.type === "counter"
    ? { ...family, familyName: counterName(family) }
    : family;
}

function counterName({ name }: MetricFamily): string {
  return name.replace(/_total$/, "");
}

/** The names that nothing else may have beside a family. */
function reservedNames(family: MetricFamily): string[] {
  const { name, type } = family;
  switch (type) {
    case "counter": {
      const base = counterName(family);
      return [base, `${base}_total`, `${base}_created`];
    }
    case "histogram":
    case "summary":
      return [name, ...sampleNames(family), `${name}_created`];
    default:
      return [name];
  }
}

function isExpressible(family: MetricFamily): boolean {
  const { name, type, series, values } = family;
  if (type === "counter") {
    return /._total$/.test(name) && isNeverNegative(values);
  }
  if (!hasSum(type)) return true;
  let at = 0;
  for (const each of series) {
    const { bounds = [] } = each;
    if (type === "histogram" && bounds[0] < 0) return false;
    if (type === "summary") {
      if (bounds.some((q) => !(q >= 0 && q <= 1))) return false;
      for (let i = 0; i < bounds.length; i++) {
        if (values[at + i] < 0) return false;
      }
    }
    at += valuesPerSeries(type, each);
    // The sum.
    if (!(values[at - 1] >= 0)) return false;
  }
  return true;
}

function isNeverNegative(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!(values[i] >= 0)) return false;
  return true;
}

/** Writes each name that a family has samples of as a family of its own. */
function* asUnknown(family: MetricFamily): Steps<WrittenFamily[]> {
  const { type, series, values } = family;
  if (!hasSum(type)) return [{ ...family, type: "unknown" }];
  const bounded = unknownFamily(family, type === "histogram" ? "_bucket" : "");
  const sums = unknownFamily(family, "_sum");
  const counts = unknownFamily(family, "_count");
  const label = type === "histogram" ? "le" : "quantile";
  let at = 0;
  for (const [row, { labels, bounds = [] }] of series.entries()) {
    if (row % ROWS === ROWS - 1) yield;
    for (const bound of bounds) {
      bounded.add({ ...labels, [label]: numberText(bound) }, values[at++]);
    }
    const count = values[at++];
    if (type === "histogram") bounded.add({ ...labels, le: "+Inf" }, count);
    sums.add(labels, values[at++]);
    counts.add(labels, count);
  }
  return [bounded, sums, counts];
}

function unknownFamily({ name, help }: MetricFamily, suffix: string) {
  const series: Series[] = [];
  const values: number[] = [];
  return {
    name: name + suffix,
    help,
    type: "unknown" as const,
    series,
    values,
    add(labels: Series["labels"], value: number): void {
      series.push({ labels });
      values.push(value);
    },
  };
}

function withUnit(family: WrittenFamily): WrittenFamily {
  const name = family.familyName ?? family.name;
  const unit = UNITS.find((unit) => name.endsWith(`_${unit}`));
  return unit === undefined ? family : { ...family, unit };
}

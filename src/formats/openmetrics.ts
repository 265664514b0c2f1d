import { LABEL_NAME } from "../base/label_limits.ts";
import {
  escapeName,
  type EscapingScheme,
  sampleNames,
} from "../families/escaping.ts";
import { AT_BOUNDS, hasSum } from "../families/values.ts";
import { isDue, rest } from "../runtime/pace.ts";
import type { MetricFamily, MetricType, Series } from "../types.ts";
import { numberText } from "./byte_writer.ts";
import type { Syntax, WrittenFamily } from "./syntax.ts";

/** The suffixes of a type's samples, which follow the family's name. */
const SUFFIX: { readonly [Type in MetricType]?: RegExp } = {
  counter: /_total$/,
  info: /_info$/,
};

/** The base units of Prometheus, and those that OpenMetrics adds. */
const UNIT =
  /_(seconds|bytes|ratio|celsius|meters|grams|joules|volts|amperes|hertz|watts)$/;

/**
 * OpenMetrics.
 *
 * @see {@link https://prometheus.io/docs/specs/om/open_metrics_spec/}
 */
export const OPENMETRICS: Syntax = {
  name: "openmetrics",
  mediaType: "application/openmetrics-text",
  hasExemplars: true,
  escapesHelpQuotes: true,
  end: "# EOF\n",
  isExpressible,
  prepare,
  timeText: (time) => String(time / 1000),
  boundTexts,
};

/**
 * Makes families what OpenMetrics can say.
 *
 * A counter's family is named without `_total`. Families that OpenMetrics forbids
 * become `unknown`, with the same samples under the same names: counters without
 * `_total`, counters and sums that are negative or `NaN`, sums beside negative
 * buckets, infos that are not 1, states that are neither 0 nor 1 or lack the label
 * of the family's name, and families whose names another one has.
 */
async function prepare(
  families: readonly MetricFamily[],
  expressible: readonly boolean[],
  escaping: EscapingScheme,
): Promise<readonly WrittenFamily[]> {
  const unknown = new Set<MetricFamily>();
  const owners = new Map<string, MetricFamily>();
  for (const family of families) {
    for (const name of sampleNames(family, escaping)) owners.set(name, family);
  }
  for (const types of TURNS) {
    for (const [i, family] of families.entries()) {
      if (!types.includes(family.type)) continue;
      const names = reservedNames(family, escaping);
      const isFree = names.every((name) =>
        (owners.get(name) ?? family) === family
      );
      if (!isFree || !expressible[i]) unknown.add(family);
      else for (const name of names) owners.set(name, family);
    }
  }
  const written: MetricFamily[] = [];
  for (const family of families) {
    if (!unknown.has(family)) written.push(family);
    else written.push(...await asUnknown(family));
  }
  return written.map(toWritten);
}

/** The order in which families reserve names: those that need fewest come last. */
const TURNS: readonly (readonly MetricType[])[] = [
  ["gauge", "unknown", "stateset"],
  ["histogram", "summary"],
  ["counter", "info"],
];

function toWritten(family: MetricFamily): WrittenFamily {
  const familyName = familyNameOf(family);
  const hasUnit = family.type !== "info" && family.type !== "stateset";
  const unit = hasUnit ? UNIT.exec(familyName)?.[1] : undefined;
  return { ...family, familyName, unit };
}

function familyNameOf({ name, type }: MetricFamily): string {
  return name.replace(SUFFIX[type] ?? "", "");
}

/** The names that nothing else may have beside a family, as a scheme writes them. */
function reservedNames(
  family: MetricFamily,
  escaping: EscapingScheme,
): readonly string[] {
  const { name, type } = family;
  const base = familyNameOf(family);
  const own = escapeName(base, escaping);
  if (TURNS[0].includes(type)) return [own];
  if (type === "info") return [own, escapeName(name, escaping)];
  const samples = type === "counter"
    ? [escapeName(`${base}_total`, escaping)]
    : sampleNames(family, escaping);
  return [own, ...samples, escapeName(`${base}_created`, escaping)];
}

function isExpressible(family: MetricFamily): boolean {
  const { name, type, series, values } = family;
  if (type === "gauge" || type === "unknown") return true;
  if (type === "info") {
    return name !== "_info" && Array.from(values).every((value) => value === 1);
  }
  if (type === "stateset") {
    // The label that names the state must be written as the family's name is.
    return LABEL_NAME.test(name) &&
      series.every(({ labels }) => labels[name] !== undefined) &&
      Array.from(values).every((value) => value === 0 || value === 1);
  }
  if (type === "counter") {
    for (let i = 0; i < values.length; i++) if (!(values[i] >= 0)) return false;
    return name.endsWith("_total") && name !== "_total";
  }
  let at = 0;
  for (const { bounds = [] } of series) {
    const sum = at + bounds.length + 1;
    if (!(values[sum] >= 0)) return false;
    if (type === "histogram" && bounds[0] < 0) return false;
    for (let i = 0; i < bounds.length && type === "summary"; i++) {
      if (!(bounds[i] >= 0 && bounds[i] <= 1) || values[at + i] < 0) {
        return false;
      }
    }
    at = sum + 1;
  }
  return true;
}

/** Makes of each name that a family has samples of a family of its own. */
async function asUnknown(family: MetricFamily): Promise<MetricFamily[]> {
  const { name, help, type, series, values, timestamps } = family;
  if (!hasSum(type)) return [{ ...family, type: "unknown" }];
  const { suffix, label } = AT_BOUNDS[type];
  const families = [suffix, "_sum", "_count"].map((suffix) => ({
    name: name + suffix,
    help,
    type: "unknown" as const,
    series: [] as Series[],
    values: [] as number[],
    timestamps: new Map<number, number>(),
  }));
  const add = (index: number, labels: Series["labels"], from: number) => {
    const family = families[index];
    const time = timestamps?.get(from);
    if (time !== undefined) family.timestamps.set(family.values.length, time);
    family.series.push({ labels });
    family.values.push(values[from]);
  };
  let at = 0;
  for (const { labels, bounds = [] } of series) {
    if (isDue(bounds.length + 3)) await rest();
    for (const bound of bounds) {
      add(0, { ...labels, [label]: numberText(bound) }, at++);
    }
    const count = at++;
    if (type === "histogram") add(0, { ...labels, le: "+Inf" }, count);
    add(1, labels, at++);
    add(2, labels, count);
  }
  return families;
}

/**
 * Spells bounds as OpenMetrics asks for it: always with a point or an exponent,
 * and with an exponent from a million on.
 *
 * @see {@link https://prometheus.io/docs/specs/om/open_metrics_spec/#considerations-canonical-numbers}
 */
function boundTexts(bounds: readonly number[]): string[] {
  return bounds.map((bound) => {
    const [digits, exponent] = bound.toExponential().split("e");
    if (bound !== 0 && (Number(exponent) < -4 || Number(exponent) > 5)) {
      const size = exponent.slice(1).padStart(2, "0");
      return `${digits}e${exponent[0]}${size}`;
    }
    const text = String(bound);
    return text.includes(".") ? text : `${text}.0`;
  });
}

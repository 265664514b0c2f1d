import { hasSum, sampleNames } from "../families/series.ts";
import { rest } from "../runtime/pace.ts";
import type { MetricFamily, MetricType, Series } from "../types.ts";
import { numberText } from "./byte_writer.ts";
import type { Syntax, WrittenFamily } from "./syntax.ts";

/** After so many series the clock is looked at. */
const ROWS = 128;

const TOTAL = /_total$/;

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
  prepare,
  unknown: "unknown",
  boundTexts,
};

/**
 * Makes families what OpenMetrics can say.
 *
 * A counter's family is named without `_total`. What OpenMetrics does not allow
 * becomes `unknown`, with the same samples, so that no series is lost and none
 * has another name than in the text format: a counter whose name does not end in
 * `_total`, counters and sums that are negative or `NaN`, sums beside negative
 * buckets, and families whose names another one has.
 */
function prepare(
  families: readonly MetricFamily[],
): readonly WrittenFamily[] | Promise<readonly WrittenFamily[]> {
  const unknown = new Set<MetricFamily>();
  const owners = new Map<string, MetricFamily>();
  for (const family of families) {
    for (const name of sampleNames(family)) owners.set(name, family);
  }
  for (const types of TURNS) {
    for (const family of families) {
      if (!types.includes(family.type)) continue;
      const names = reservedNames(family);
      let isFree = true;
      for (const name of names) {
        isFree &&= (owners.get(name) ?? family) === family;
      }
      if (!isFree || !isExpressible(family)) unknown.add(family);
      else for (const name of names) owners.set(name, family);
    }
  }
  return unknown.size === 0
    ? families.map(toWritten)
    : prepareUnknown(families, unknown);
}

async function prepareUnknown(
  families: readonly MetricFamily[],
  unknown: ReadonlySet<MetricFamily>,
): Promise<readonly WrittenFamily[]> {
  const written: MetricFamily[] = [];
  for (const family of families) {
    if (!unknown.has(family)) written.push(family);
    else written.push(...await asUnknown(family));
  }
  return written.map(toWritten);
}

/** The order in which families reserve names: those that need fewest come last. */
const TURNS: readonly (readonly MetricType[])[] = [
  ["gauge", "unknown"],
  ["histogram", "summary"],
  ["counter"],
];

function toWritten(family: MetricFamily): WrittenFamily {
  const familyName = family.type === "counter"
    ? family.name.replace(TOTAL, "")
    : undefined;
  const name = familyName ?? family.name;
  const unit = UNIT.exec(name)?.[1];
  return { ...family, familyName, unit };
}

/** The names that nothing else may have beside a family. */
function reservedNames(family: MetricFamily): string[] {
  const { name, type } = family;
  switch (type) {
    case "counter": {
      const base = name.replace(TOTAL, "");
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
  if (type === "gauge" || type === "unknown") return true;
  if (type === "counter") {
    for (let i = 0; i < values.length; i++) if (!(values[i] >= 0)) return false;
    return /._total$/.test(name);
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

/** Writes each name that a family has samples of as a family of its own. */
async function asUnknown(family: MetricFamily): Promise<MetricFamily[]> {
  const { name, help, type, series, values } = family;
  if (!hasSum(type)) return [{ ...family, type: "unknown" }];
  const [suffix, label] = type === "histogram"
    ? ["_bucket", "le"]
    : ["", "quantile"];
  const families = [suffix, "_sum", "_count"].map((suffix) => ({
    name: name + suffix,
    help,
    type: "unknown" as const,
    series: [] as Series[],
    values: [] as number[],
  }));
  const add = (index: number, labels: Series["labels"], value: number) => {
    families[index].series.push({ labels });
    families[index].values.push(value);
  };
  let at = 0;
  for (const [row, { labels, bounds = [] }] of series.entries()) {
    if (row % ROWS === ROWS - 1) await rest();
    for (const bound of bounds) {
      add(0, { ...labels, [label]: numberText(bound) }, values[at++]);
    }
    const count = values[at++];
    if (type === "histogram") add(0, { ...labels, le: "+Inf" }, count);
    add(1, labels, values[at++]);
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
  const texts: string[] = [];
  for (const bound of bounds) {
    const [digits, exponent] = bound.toExponential().split("e");
    const text = String(bound);
    if (bound !== 0 && (Number(exponent) < -4 || Number(exponent) > 5)) {
      const size = exponent.slice(1).padStart(2, "0");
      texts.push(`${digits}e${exponent[0]}${size}`);
    } else texts.push(text.includes(".") ? text : `${text}.0`);
  }
  return texts;
}

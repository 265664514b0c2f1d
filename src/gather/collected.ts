import { describe, visible } from "../base/describe.ts";
import { catchUp } from "../clients/time_window.ts";
import type { SampleGroup } from "../clients/stored.ts";
import type { RawLabels } from "../families/label_set.ts";
import type { ReadFamily } from "../families/failures.ts";
import { AT_BOUNDS, hasSum } from "../families/values.ts";
import { isDue, rest } from "../runtime/pace.ts";
import {
  type CollectedMetric,
  type CollectedValue,
  METRIC_TYPES,
  type MetricType,
  type RegisteredMetric,
} from "../types.ts";
import type { FamilyBuilder } from "./family_builder.ts";

const TYPES: readonly unknown[] = [...METRIC_TYPES, "untyped"];

/** Asks a metric for its values. */
export function askForValues(
  metric: RegisteredMetric,
): CollectedMetric | Promise<CollectedMetric> {
  if (typeof metric.get === "function") {
    catchUp(metric);
    return metric.get();
  }
  throw new TypeError(
    `it must have the method get(), received ${describe(metric)}`,
  );
}

/**
 * Makes a family of the values that a metric's `get()` yields.
 *
 * @param registered The name by which its registry knows it.
 * @throws {TypeError} If they are not of the shape of {@linkcode CollectedMetric}.
 */
export async function readCollected(
  collected: CollectedMetric | Promise<CollectedMetric>,
  builderFor: (type: MetricType) => FamilyBuilder,
  registered?: string,
): Promise<ReadFamily> {
  const { name, help, type, values } = await collected;
  const require = (isRight: boolean, what: string, value: unknown) => {
    if (isRight) return;
    throw new TypeError(`${what}, received ${describe(value)}`);
  };
  const isNamed = typeof name === "string" && name !== "";
  require(isNamed, "its name must be a string that is not empty", name);
  const types = TYPES.join(", ");
  require(TYPES.includes(type), `its type must be one of ${types}`, type);
  require(Array.isArray(values), "its values must be an array", values);
  const ofType = type === "untyped" ? "unknown" : type as MetricType;
  const named = { name: registered ?? name, help: String(help ?? "") };
  const builder = builderFor(ofType);
  const numbers = values.filter(({ value }) => typeof value === "number");
  const wrong = values.length - numbers.length;
  if (hasSum(ofType)) {
    const groups = await groupSamples(name, ofType, values);
    return { ...await builder.ofGroups(named, groups), wrong };
  }
  const suffix = ofType === "info" && !name.endsWith("_info") ? "_info" : "";
  const other = values.find(({ metricName = name }) =>
    metricName !== name && metricName !== name + suffix
  );
  const others = `the samples of a ${ofType} must have its name`;
  require(other === undefined, others, other?.metricName);
  named.name += suffix;
  return { ...await builder.ofValues(named, [{ entries: numbers }]), wrong };
}

/** A number stands for the value at a bound. */
type Part = "count" | "sum" | number;

interface OpenGroup {
  readonly labels: RawLabels;
  readonly parts: Map<Part, CollectedValue>;
  /** Whether a sample was left out, whose value is no number. */
  isPartial: boolean;
}

/**
 * Puts the samples of each series of a histogram or a summary together.
 *
 * @throws {TypeError} If a sample belongs to neither, or a series lacks its count.
 */
async function groupSamples(
  name: string,
  type: "histogram" | "summary",
  samples: readonly CollectedValue[],
): Promise<SampleGroup[]> {
  const { suffix, label: boundLabel } = AT_BOUNDS[type];
  const bucketName = name + suffix;
  const groups: OpenGroup[] = [];
  const current = new Map<string, OpenGroup>();
  for (const sample of samples) {
    if (isDue(1)) await rest();
    const { metricName = name, labels = {} } = sample;
    const { [boundLabel]: bound, ...own } = labels;
    let part: Part;
    if (metricName === `${name}_sum`) part = "sum";
    else if (metricName === `${name}_count`) part = "count";
    else if (metricName === bucketName && bound !== undefined) {
      part = bound === "+Inf" ? Infinity : Number(bound);
    } else {
      throw new TypeError(
        `a ${type} must have the samples ${bucketName} with the label ` +
          `${boundLabel}, ${name}_sum and ${name}_count, received ` +
          metricName,
      );
    }
    const key = keyOf(own);
    let group = current.get(key);
    // A part that comes again begins another series with the same labels. Only
    // bounds may come twice in one series: the clients take them so.
    const isAgain = group?.parts.has(part) &&
      (typeof part === "string" || group.parts.has("count"));
    if (group === undefined || isAgain) {
      group = { labels: own, parts: new Map(), isPartial: false };
      current.set(key, group);
      groups.push(group);
    }
    // JSON makes `null` of `NaN`: as a number it would be 0.
    if (typeof sample.value !== "number") group.isPartial = true;
    else if (!group.parts.has(part)) group.parts.set(part, sample);
  }
  const complete: SampleGroup[] = [];
  for (const group of groups) {
    if (isDue(group.parts.size)) await rest();
    const closed = close(group);
    if (closed !== undefined) complete.push(closed);
  }
  return complete;
}

/** Spells a label set so that no other is spelled alike. */
function keyOf(labels: RawLabels): string {
  let key = "";
  for (const name of Object.keys(labels).sort()) {
    const value = String(labels[name]);
    key += `${name.length},${value.length},${name}${value}`;
  }
  return key;
}

/** Makes a series of its samples; `undefined` if its count was left out. */
function close(
  { labels, parts, isPartial }: OpenGroup,
): SampleGroup | undefined {
  const all = parts.get(Infinity);
  const counted = parts.get("count") ?? all;
  if (counted === undefined && isPartial) return undefined;
  if (counted === undefined || parts.has(NaN)) {
    throw new TypeError(
      "each of its series must have a count, and bounds that are numbers, " +
        `received labels ${visible(JSON.stringify(labels))}`,
    );
  }
  const bounds = [...parts.keys()].filter((part) => Number.isFinite(part))
    .sort((a, b) => Number(a) - Number(b)) as number[];
  const samples = bounds.map((bound) => parts.get(bound)!);
  const sum = parts.get("sum")?.value ?? NaN;
  return {
    labels,
    bounds,
    values: [...samples.map(({ value }) => value), counted.value, sum],
    exemplars: [...samples, all].map((sample) => sample?.exemplar),
    // All are of one moment.
    timestamp: counted.timestamp,
  };
}

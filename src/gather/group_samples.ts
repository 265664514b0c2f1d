import type { RawLabels } from "../families/raw_labels.ts";
import { rest } from "../runtime/pace.ts";
import type { CollectedExemplar, CollectedValue } from "../types.ts";

/** The samples of one series of a histogram or a summary. */
export interface SampleGroup {
  /** The labels without `le` and `quantile`. */
  readonly labels: RawLabels;
  /** Upper bounds or quantiles, ascending, without the infinity. */
  readonly bounds: readonly number[];
  /** The value at each of them. */
  readonly values: readonly number[];
  readonly count: number;
  readonly sum: number;
  /** Exemplars by the index of the bound; the count's come last. */
  readonly exemplars: readonly (CollectedExemplar | null | undefined)[];
}

/** A part of a series: its count, its sum, or its value at a bound. */
type Part = "count" | "sum" | number;

/** A group that is not complete yet. */
interface OpenGroup {
  readonly labels: RawLabels;
  readonly parts: Map<Part, CollectedValue>;
}

/** After so many samples the clock is looked at. */
const SAMPLES = 256;

/**
 * Puts the samples of each series of a histogram or a summary together.
 *
 * @throws {TypeError} If a sample belongs to neither, or a series lacks its count.
 */
export async function groupSamples(
  name: string,
  type: "histogram" | "summary",
  samples: readonly CollectedValue[],
): Promise<SampleGroup[]> {
  const [bucketName, boundLabel] = type === "histogram"
    ? [`${name}_bucket`, "le"]
    : [name, "quantile"];
  const groups: OpenGroup[] = [];
  const current = new Map<string, OpenGroup>();
  for (const [i, sample] of samples.entries()) {
    if (i % SAMPLES === SAMPLES - 1) await rest();
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
    // A part that comes again is of another series with the same labels; but the
    // clients take bounds twice.
    const isAgain = group?.parts.has(part) &&
      (typeof part === "string" || group.parts.has("count"));
    if (group === undefined || isAgain) {
      current.set(key, group = { labels: own, parts: new Map() });
      groups.push(group);
    }
    if (!group.parts.has(part)) group.parts.set(part, sample);
  }
  const complete: SampleGroup[] = [];
  for (const [i, group] of groups.entries()) {
    if (i % SAMPLES === SAMPLES - 1) await rest();
    complete.push(close(group));
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

function close({ labels, parts }: OpenGroup): SampleGroup {
  const all = parts.get(Infinity);
  const count = (parts.get("count") ?? all)?.value;
  if (count === undefined || parts.has(NaN)) {
    throw new TypeError(
      "each of its series must have a count, and bounds that are numbers, " +
        `received labels ${JSON.stringify(labels)}`,
    );
  }
  const bounds = [...parts.keys()].filter((part) => Number.isFinite(part))
    .sort((a, b) => Number(a) - Number(b)) as number[];
  const samples = bounds.map((bound) => parts.get(bound)!);
  return {
    labels,
    bounds,
    values: samples.map(({ value }) => value),
    count,
    sum: parts.get("sum")?.value ?? NaN,
    exemplars: [...samples, all].map((sample) => sample?.exemplar),
  };
}

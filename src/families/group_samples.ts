import type { RawLabels } from "../clients/labels.ts";
import type { Steps } from "../runtime/pace.ts";
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

/** A histogram or a summary as it answers when it is asked. */
interface Samples {
  readonly name: string;
  readonly type: "histogram" | "summary";
  readonly samples: readonly CollectedValue[];
}

/** A group that is not complete yet. */
interface OpenGroup {
  readonly labels: RawLabels;
  readonly points: {
    bound: number;
    value: number;
    exemplar?: CollectedExemplar | null;
  }[];
  sum?: number;
  count?: number;
}

/** After so many samples the clock is looked at. */
const SAMPLES = 256;

/**
 * Puts the samples of each series of a histogram or a summary together.
 *
 * @throws {TypeError} If a sample belongs to neither, or a series lacks its count.
 */
export function* groupSamples(
  { name, type, samples }: Samples,
): Steps<SampleGroup[]> {
  const [bucketName, boundLabel] = type === "histogram"
    ? [`${name}_bucket`, "le"]
    : [name, "quantile"];
  const groups: OpenGroup[] = [];
  const current = new Map<string, OpenGroup>();
  for (const [i, sample] of samples.entries()) {
    if (i % SAMPLES === SAMPLES - 1) yield;
    const { metricName = name, labels = {}, value, exemplar } = sample;
    const { [boundLabel]: bound, ...own } = labels;
    const key = keyOf(own);
    const isSum = metricName === `${name}_sum`;
    const isCount = metricName === `${name}_count`;
    const point = { bound: toNumber(bound), value, exemplar };
    let group = current.get(key);
    // What comes twice is of another series with the same labels.
    const isAgain = group !== undefined &&
      (isSum
        ? group.sum !== undefined
        : group.count !== undefined && (isCount ||
          group.points.some(({ bound }) => bound === point.bound)));
    if (group === undefined || isAgain) {
      current.set(key, group = { labels: own, points: [] });
      groups.push(group);
    }
    if (isSum) group.sum = value;
    else if (isCount) group.count = value;
    else if (metricName === bucketName && bound !== undefined) {
      group.points.push(point);
    } else {
      throw new TypeError(
        `a ${type} must have the samples ${bucketName} with the label ` +
          `${boundLabel}, ${name}_sum and ${name}_count, received ` +
          metricName,
      );
    }
  }
  const complete = [];
  for (const [i, group] of groups.entries()) {
    if (i % SAMPLES === SAMPLES - 1) yield;
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

function close(group: OpenGroup): SampleGroup {
  const points = group.points.toSorted((a, b) => a.bound - b.bound);
  const all = points.findLast(({ bound }) => bound === Infinity);
  const count = group.count ?? all?.value;
  if (count === undefined || points.some(({ bound }) => Number.isNaN(bound))) {
    throw new TypeError(
      "each of its series must have a count, and bounds that are numbers, " +
        `received labels ${JSON.stringify(group.labels)}`,
    );
  }
  // The clients take bounds twice, and infinite ones.
  const finite = points.filter(({ bound }, i) =>
    Number.isFinite(bound) && bound !== points[i - 1]?.bound
  );
  return {
    labels: group.labels,
    bounds: finite.map(({ bound }) => bound),
    values: finite.map(({ value }) => value),
    count,
    sum: group.sum ?? NaN,
    exemplars: [...finite, all].map((point) => point?.exemplar),
  };
}

function toNumber(bound: unknown): number {
  return bound === "+Inf" ? Infinity : Number(bound);
}

import { visible } from "../base/describe.ts";
import type { CollectedExemplar, CollectedValue } from "../types.ts";
import type {
  StoredHistogram,
  StoredMetric,
  StoredType,
  StoredValue,
} from "./stored.ts";

/** The options of metrics that change how their class stores. */
export interface ProbeOptions {
  readonly type: StoredType;
  readonly isLabelled: boolean;
  readonly hasExemplars: boolean;
  readonly collects: boolean;
  readonly bounds: readonly number[];
}

/** A metric that was made to try out a client's class. */
export type Scratch =
  & StoredMetric
  & Record<string, (...given: unknown[]) => unknown>;

export type Row = StoredValue & StoredHistogram;

/** The client's methods that update a metric, by its type. */
export const METHODS = {
  counter: ["inc"],
  gauge: ["set", "inc", "dec"],
  histogram: ["observe"],
} as const;

/**
 * Uses a metric as applications do, with values that it refuses as well, and again
 * after a reset. Yields the rows that it must store by then, several times: at
 * first when it has values, and a child.
 */
export function* use(
  scratch: Scratch,
  options: ProbeOptions,
): Generator<readonly Row[]> {
  const { type, isLabelled, hasExemplars, bounds } = options;
  const [first, ...others] = isLabelled
    ? [{ a: "1", b: "2" }, { a: "2" }, {}]
    : [{}];
  const all = new Map<object, number[]>();
  const update = (
    labels: object,
    value: number,
    child?: Scratch,
    spelled = labels,
  ) => {
    const before = all.get(labels) ?? [];
    // One client gives an exemplar the total of a counter.
    const isExemplified = type === "histogram" || before.length === 0;
    const exemplarLabels = isExemplified ? { e: String(value) } : undefined;
    const given: unknown[] = hasExemplars
      ? [{ labels: { ...spelled }, value, exemplarLabels }]
      : isLabelled && child === undefined
      ? [{ ...spelled }, value]
      : [value];
    const target = child ?? scratch;
    try {
      for (const method of METHODS[type]) {
        const returned = target[method](...given);
        // A patched method may be asynchronous: its end is not known.
        if (returned instanceof Promise) {
          returned.catch(() => {});
          throw new Error(`its ${method}() must not yield a promise`);
        }
      }
    } catch (error) {
      if (Number.isFinite(value)) throw error;
      return;
    }
    all.set(labels, [...before, value]);
  };

  const values = type === "counter" ? [2.5, Infinity] : [3, -1, Infinity, NaN];
  for (const each of bounds) {
    const bound = Number(each);
    const step = Math.abs(bound) / 8 || 1;
    values.push(bound - step, bound, bound + step);
  }
  for (const labels of [first, ...others]) update(labels, 1);
  // Children of metrics with exemplars count elsewhere.
  const child = hasExemplars ? undefined : scratch.labels(first) as Scratch;
  yield rowsOf(all, options);
  // Few rounds, since each shape of storage that a client meets slows it down.
  for (const isReset of isLabelled ? [false] : [false, true]) {
    if (isReset) {
      scratch.reset();
      all.clear();
      update(first, 1);
    }
    if (type === "histogram") {
      scratch.zero({ ...first });
      all.set(first, []);
    }
    for (const value of values) update(first, value);
    // A number is the same label as its text.
    if (isLabelled) update(first, 1, undefined, { a: 1, b: 2 });
    update(first, 1, child);
    if (child !== undefined) update(first, 1, scratch.labels(first) as Scratch);
    for (const labels of others) {
      scratch.remove({ ...labels });
      all.delete(labels);
      update(labels, 2);
    }
    yield rowsOf(all, options);
  }
}

/** Makes the rows that a client must have for some values. */
function rowsOf(
  all: ReadonlyMap<object, readonly number[]>,
  { type, hasExemplars, bounds }: ProbeOptions,
): readonly Row[] {
  const rows: unknown[] = [];
  for (const [labels, values] of all) {
    let sum = 0;
    const bucketValues: Record<string, number> = {};
    const bucketExemplars: Record<string, CollectedExemplar | null> = {};
    let exemplar: CollectedExemplar | undefined;
    for (const bound of bounds) {
      bucketValues[bound] = 0;
      bucketExemplars[bound] = null;
    }
    for (const value of values) {
      sum = type === "gauge" ? value + value - value : sum + value;
      const bucket = bounds.find((each) => value <= each) ?? -1;
      if (Object.hasOwn(bucketValues, bucket)) bucketValues[bucket]++;
      const given = { labelSet: { e: String(value) }, value, timestamp: 0 };
      bucketExemplars[bucket] = given;
      if (hasExemplars) exemplar ??= given;
    }
    if (type !== "histogram") {
      rows.push({ labels, value: sum, ...exemplar && { exemplar } });
      continue;
    }
    const row = { labels, bucketValues, sum, count: values.length };
    rows.push(hasExemplars ? { ...row, bucketExemplars } : row);
  }
  return rows as Row[];
}

/** Requires that `get()` yields these rows, and nothing else. */
export async function requireGot(
  scratch: Scratch,
  { type, bounds }: ProbeOptions,
  rows: readonly Row[],
): Promise<void> {
  const metricName = "probe_bucket";
  const expected = rows.flatMap((row): CollectedValue[] => {
    const { labels, value, exemplar, bucketValues, bucketExemplars } = row;
    if (type !== "histogram") return [{ labels, value, exemplar }];
    let upTo = 0;
    const buckets = bounds.map((le) => ({
      metricName,
      labels: { ...labels, le },
      value: upTo += bucketValues[le],
      exemplar: bucketExemplars?.[le],
    }));
    const above = { ...labels, le: "+Inf" };
    const last = bucketExemplars?.[-1];
    return [
      ...buckets,
      { metricName, labels: above, value: row.count, exemplar: last },
      { metricName: "probe_sum", labels, value: row.sum },
      { metricName: "probe_count", labels, value: row.count },
    ];
  });
  const { name, type: given, values } = await scratch.get!();
  const [got, wanted] = [values, expected].map(spell);
  if (name === "probe" && given === type && got === wanted) return;
  throw new Error(`its get() yields ${name} ${given} ${got}, not ${wanted}`);
}

function spell(samples: readonly CollectedValue[]): string {
  const lines = samples.map(({ metricName, labels = {}, value, exemplar }) =>
    `${metricName ?? "probe"} {${Object.entries(labels).sort()}} ${value}\n` +
    `${exemplar?.labelSet.e} ${exemplar?.value}`
  );
  return lines.join("\n");
}

export function requireSame(actual: unknown, expected: unknown): void {
  let isSame = Object.is(actual ?? undefined, expected ?? undefined);
  if (
    typeof actual === "object" && typeof expected === "object" &&
    actual !== null && expected !== null
  ) {
    const names = Object.keys(expected);
    isSame = Object.keys(actual).length === names.length;
    for (const name of isSame ? names : []) {
      // Exemplars are of different moments.
      if (name === "timestamp") continue;
      requireSame(Reflect.get(actual, name), Reflect.get(expected, name));
    }
  }
  if (isSame) return;
  const [holds, wanted] = [actual, expected].map((each) =>
    visible(String(JSON.stringify(each)), 200)
  );
  throw new Error(`it holds ${holds}, not ${wanted}`);
}

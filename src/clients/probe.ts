import type { CollectedExemplar, CollectedValue } from "../types.ts";
import type { ProbeOptions, Row, Scratch } from "./stored.ts";

const METHODS = {
  counter: ["inc"],
  gauge: ["set", "inc", "dec"],
  histogram: ["observe"],
} as const;

/**
 * Uses a metric in the ways in which applications do, and counts along: values
 * that it refuses as well, and, without labels, all again after a reset.
 *
 * @returns The rows that it must store whenever it has been used for a while: at
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
  /** The values of each label set, in the order in which a client has them. */
  const all = new Map<object, number[]>();
  const update = (labels: object, value: number, child?: Scratch) => {
    const before = all.get(labels) ?? [];
    // One client gives an exemplar what a counter has counted in all.
    const isExemplified = type === "histogram" || before.length === 0;
    const exemplarLabels = isExemplified ? { e: String(value) } : undefined;
    const given: unknown[] = hasExemplars
      ? [{ labels: { ...labels }, value, exemplarLabels }]
      : isLabelled && child === undefined
      ? [{ ...labels }, value]
      : [value];
    const target = child ?? scratch;
    try {
      for (const method of METHODS[type]) {
        const returned = target[method](...given);
        // A method that was patched may be asynchronous: its end is not known.
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
  // Few, since a client slows down with every shape of storage that it has met.
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
    update(first, 1, child);
    for (const labels of others) {
      scratch.remove({ ...labels });
      all.delete(labels);
      update(labels, 2);
    }
    yield rowsOf(all, options);
  }
}

/** Makes the rows of label sets that were given values. */
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
      let bucket = -1;
      for (let i = bounds.length - 1; i >= 0; i--) {
        if (value <= bounds[i]) bucket = bounds[i];
      }
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
  const expected: CollectedValue[] = [];
  for (const { labels, value, exemplar, ...row } of rows) {
    if (type !== "histogram") {
      expected.push({ labels, value, exemplar });
      continue;
    }
    const { bucketValues, bucketExemplars, sum, count } = row;
    const metricName = "probe_bucket";
    let upTo = 0;
    for (const le of bounds) {
      upTo += bucketValues[le];
      const exemplar = bucketExemplars?.[le] ?? undefined;
      const within = { ...labels, le };
      expected.push({ metricName, labels: within, value: upTo, exemplar });
    }
    const above = { ...labels, le: "+Inf" };
    const last = bucketExemplars?.[-1] ?? undefined;
    expected.push(
      { metricName, labels: above, value: count, exemplar: last },
      { metricName: "probe_sum", labels, value: sum },
      { metricName: "probe_count", labels, value: count },
    );
  }
  const { name, type: given, values } = await scratch.get!();
  const texts: string[] = [];
  for (const samples of [values, expected]) {
    const lines: string[] = [];
    for (const { metricName, labels = {}, value, exemplar } of samples) {
      lines.push(
        `${metricName ?? "probe"} {${Object.entries(labels).sort()}} ${value}`,
        `${exemplar?.labelSet.e} ${exemplar?.value}`,
      );
    }
    texts.push(lines.join("\n"));
  }
  const [got, wanted] = texts;
  if (name === "probe" && given === type && got === wanted) return;
  throw new Error(`its get() yields ${name} ${given} ${got}, not ${wanted}`);
}

/** Requires that two values are the same, with all that is in them. */
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
    String(JSON.stringify(each)).slice(0, 200)
  );
  throw new Error(`it holds ${holds}, not ${wanted}`);
}

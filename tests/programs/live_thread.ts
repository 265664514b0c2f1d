/**
 * A thread that reads live metrics over and over, and tells what it has seen that
 * must not be.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { MemoryChunk } from "../../src/memory/layout.ts";
import { LiveReader } from "../../src/memory/reader.ts";
import type { MetricFamily } from "../../src/types.ts";

const { handover, reads } = workerData;
const reader = new LiveReader(handover);
const faults = new Set<string>();
/** The last value of each sample that may only grow. */
const last = new Map<string, ArrayLike<number>>();
/** How many families there were at most. */
let most = 0;
let isStopped = false;

parentPort!.on("message", (message: MemoryChunk | "stop") => {
  if (message === "stop") isStopped = true;
  else reader.add(message);
});

/** Names what is wrong, once. */
function require(isRight: boolean, fault: string): void {
  if (!isRight && faults.size < 10) faults.add(fault);
}

/** The values of the series that are to stay, which are the first ones. */
function lasting({ type, series, values }: MetricFamily): ArrayLike<number> {
  if (type === "gauge") return [];
  const gone = series.findIndex(({ labels }) => labels.n === "gone");
  if (gone === -1) return values;
  const perSeries = values.length / series.length;
  return Array.from(values).slice(0, gone * perSeries);
}

function check(family: MetricFamily, late: number): void {
  const { name, type, series } = family;
  const values = lasting(family);
  const before = last.get(name) ?? [];
  require(values.length >= before.length, `${name} has lost a series`);
  for (let i = 0; i < before.length; i++) {
    require(values[i] >= before[i], `${name} goes back`);
  }
  last.set(name, values);
  if (type === "counter") {
    for (let row = 0; row < series.length; row++) {
      const { n } = series[row].labels;
      require(Number(n) === row, `series ${n} is in row ${row}`);
      require(values[row] >= row + 1, `series ${n} is ${values[row]}`);
    }
  }
  if (type === "gauge") {
    // One label set at a time is gone.
    const isWhole = series.length >= 20 || late > 0;
    require(isWhole, `${series.length} series of ${name}`);
    for (let row = 0; row < series.length; row++) {
      const { n } = series[row].labels;
      const value = family.values[row];
      require(value === Number(n), `series ${n} is ${value}`);
    }
  }
  // Before the first observation there are no series.
  if (type !== "histogram" || series.length === 0) return;
  const { length } = series[0].bounds!;
  for (let at = 0; at < values.length; at += length + 2) {
    // The last of them is the infinite one, which is the count, too.
    for (let i = 1; i <= length; i++) {
      require(values[at + i] >= values[at + i - 1], "buckets decrease");
    }
    const [count, sum] = [values[at + length], values[at + length + 1]];
    require(
      Math.abs(sum - count) <= 1,
      "sum and count differ by more than an observation",
    );
  }
}

function read(): void {
  const { families, failures, late } = reader.read();
  require(failures.length === 0, String(failures[0]));
  for (const family of families) check(family, late);
  require(families.length >= most, "a family is gone");
  most = Math.max(most, families.length);
  Atomics.add(reads, 0, 1);
  if (!isStopped) setImmediate(read);
  else {
    const last = families.map(({ name, series, values }) => ({
      name,
      series: series.length,
      values: Array.from(values),
    }));
    parentPort!.postMessage({ faults: [...faults], last });
  }
}

read();

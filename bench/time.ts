/**
 * `time` around an async function, against the same written by hand: the child
 * made once, two readings of the clock, `try` and `finally`.
 */
import {
  type Observer,
  time,
} from "@prometheus-async/prometheus-async/wrappers";
import { Histogram, Registry } from "prom-client";
import { compare, type Comparison } from "./_harness.ts";

// deno-lint-ignore require-await
const work = async () => 42;

function comparison(
  name: string,
  metric: Observer,
  countOf: () => Promise<number>,
): Comparison {
  async function byHand(): Promise<number> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      metric.observe((performance.now() - started) / 1000);
    }
  }
  return {
    name,
    baseline: "by hand",
    cases: { "bare": work, "by hand": byHand, "time()": time(metric)(work) },
    async check(name, run) {
      const before = await countOf();
      if (await run() !== 42) throw new Error(`${name}: wrong value`);
      const observed = await countOf() - before;
      if (observed !== (name === "bare" ? 0 : 1)) {
        throw new Error(`${name}: ${observed} observations`);
      }
    },
  };
}

const histogram = new Histogram({
  name: "bench_duration_seconds",
  help: "Time",
  labelNames: ["kind"],
  registers: [new Registry()],
});

let calls = 0;

await compare([
  comparison(
    "time, async, prom-client histogram",
    histogram.labels("async"),
    async () =>
      (await histogram.get()).values
        .find(({ metricName }) => metricName?.endsWith("_count"))?.value ?? 0,
  ),
  comparison(
    "time, async, metric that does nothing",
    { observe: () => void calls++ },
    () => Promise.resolve(calls),
  ),
]);

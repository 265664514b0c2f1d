/**
 * The wrappers around functions that fulfil, reject and return at once, against
 * the same written by hand with `prom-client`: children made once, two readings
 * of the clock, `try`, `catch` and `finally`.
 */
import {
  countExceptions,
  time,
  trackInprogress,
} from "@prometheus-async/prometheus-async/wrappers";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { compare, type Comparison } from "./_harness.ts";

const registers = [new Registry()];
const durations = new Histogram({
  name: "bench_duration_seconds",
  help: "Time",
  labelNames: ["kind"],
  registers,
});
const errors = new Counter({
  name: "bench_errors_total",
  help: "Errors",
  labelNames: ["kind"],
  registers,
});
const inprogress = new Gauge({
  name: "bench_inprogress",
  help: "Calls in progress",
  labelNames: ["kind"],
  registers,
});

const histogram = durations.labels("bench");
const counter = errors.labels("bench");
const gauge = inprogress.labels("bench");

/** What the metrics have seen: observations, errors, calls in progress. */
async function seen(): Promise<[number, number, number]> {
  const observed = (await durations.get()).values
    .find(({ metricName }) => metricName?.endsWith("_count"))?.value ?? 0;
  const [counted] = (await errors.get()).values;
  const [tracked] = (await inprogress.get()).values;
  return [observed, counted?.value ?? 0, tracked?.value ?? 0];
}

const error = new RangeError("no");

// deno-lint-ignore require-await
const fulfil = async () => 42;
// deno-lint-ignore require-await
const reject = async (): Promise<number> => {
  throw error;
};
const returnAtOnce = () => 42;

type Work = () => Promise<number>;

/** The ways to instrument an async function by hand. */
const byHand: Record<string, (work: Work) => Work> = {
  "time()": (work) => async () => {
    const started = performance.now();
    try {
      return await work();
    } finally {
      histogram.observe((performance.now() - started) / 1000);
    }
  },
  "countExceptions()": (work) => async () => {
    try {
      return await work();
    } catch (error) {
      counter.inc();
      throw error;
    }
  },
  "trackInprogress()": (work) => async () => {
    gauge.inc();
    try {
      return await work();
    } finally {
      gauge.dec();
    }
  },
  "the three stacked": (work) => async () => {
    gauge.inc();
    const started = performance.now();
    try {
      return await work();
    } catch (error) {
      counter.inc();
      throw error;
    } finally {
      histogram.observe((performance.now() - started) / 1000);
      gauge.dec();
    }
  },
};

/** The same for a function that returns at once. */
const byHandSync: Record<string, () => number> = {
  "time()": () => {
    const started = performance.now();
    try {
      return returnAtOnce();
    } finally {
      histogram.observe((performance.now() - started) / 1000);
    }
  },
  "countExceptions()": () => {
    try {
      return returnAtOnce();
    } catch (error) {
      counter.inc();
      throw error;
    }
  },
  "trackInprogress()": () => {
    gauge.inc();
    try {
      return returnAtOnce();
    } finally {
      gauge.dec();
    }
  },
  "the three stacked": () => {
    gauge.inc();
    const started = performance.now();
    try {
      return returnAtOnce();
    } catch (error) {
      counter.inc();
      throw error;
    } finally {
      histogram.observe((performance.now() - started) / 1000);
      gauge.dec();
    }
  },
};

type Wrap = <F extends () => unknown>(fn: F) => F;

const wrappers: Record<string, Wrap> = {
  "time()": time(histogram),
  "countExceptions()": countExceptions(counter),
  "trackInprogress()": trackInprogress(gauge),
  "the three stacked": (fn) =>
    time(histogram)(countExceptions(counter)(trackInprogress(gauge)(fn))),
};

/** What one call of a way does to the three metrics. */
function expected(name: string, isRejected: boolean): [number, number, number] {
  const has = (...names: string[]) => names.includes(name) ? 1 : 0;
  return [
    has("time()", "the three stacked"),
    isRejected ? has("countExceptions()", "the three stacked") : 0,
    0,
  ];
}

function comparison(
  kind: string,
  name: string,
  isRejected: boolean,
  cases: Record<string, () => unknown>,
): Comparison {
  return {
    name: `${kind}: ${name}`,
    baseline: "by hand",
    cases,
    async check(each, run) {
      const before = await seen();
      if (await run() !== (isRejected ? error : 42)) {
        throw new Error(`${kind}: ${name}, ${each}: wrong outcome`);
      }
      const after = await seen();
      const difference = after.map((value, n) => value - before[n]);
      const wanted = each === "bare" ? [0, 0, 0] : expected(name, isRejected);
      if (difference.join() !== wanted.join()) {
        throw new Error(`${kind}: ${name}, ${each}: measured ${difference}`);
      }
    },
  };
}

/** Handles a rejection as cheaply as can be. */
const handled = (work: Work) => () => work().then(undefined, (error) => error);

const comparisons: Comparison[] = [];
for (const [name, wrap] of Object.entries(wrappers)) {
  comparisons.push(
    comparison("async", name, false, {
      "bare": fulfil,
      "by hand": byHand[name](fulfil),
      "wrapped": wrap(fulfil),
    }),
    comparison("rejecting", name, true, {
      "bare": handled(reject),
      "by hand": handled(byHand[name](reject)),
      "wrapped": handled(wrap(reject)),
    }),
    comparison("sync", name, false, {
      "bare": returnAtOnce,
      "by hand": byHandSync[name],
      "wrapped": wrap(returnAtOnce),
    }),
  );
}
await compare(comparisons);

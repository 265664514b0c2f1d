/**
 * The wrappers around functions that fulfil, reject and return at once, against
 * the same written by hand with `prom-client`: children made once, two readings
 * of the clock, `try`, `catch` and `finally`; `time()` also against the client's
 * `startTimer()`; and by hand with OpenTelemetry.
 */
import {
  countExceptions,
  time,
  trackInprogress,
} from "@prometheus-async/prometheus-async/wrappers";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import {
  fulfil,
  handled,
  inprogressNow,
  reject,
  requireMeasured,
  returnAtOnce,
  type Seen,
  seenBy,
  type Work,
} from "./_functions.ts";
import { type Cases, compare, type Comparison } from "./_harness.ts";
import { openTelemetry } from "./_open_telemetry.ts";

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

const rival = openTelemetry();
const attributes = { kind: "bench" };
const rivals = {
  histogram: rival.meter.createHistogram("bench_duration_seconds"),
  counter: rival.meter.createCounter("bench_errors_total"),
  inprogress: rival.meter.createUpDownCounter("bench_inprogress"),
};

const seen = () => seenBy({ durations, errors, inprogress });

/** The values of the rival's metrics. */
async function rivalsSeen(): Promise<Seen> {
  const lines = (await rival.expose()).split("\n");
  const valueOf = (name: string) =>
    Number(
      lines.find((line) => line.startsWith(name))?.split(" ").at(-1) ?? 0,
    );
  return [
    valueOf("bench_duration_seconds_count"),
    valueOf("bench_errors_total"),
    valueOf("bench_inprogress"),
  ];
}

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

/** The first of them, with a timer of the client. */
const byTimer: (work: Work) => Work = (work) => async () => {
  const end = histogram.startTimer();
  try {
    return await work();
  } finally {
    end();
  }
};

/** The ways to instrument an async function by hand with OpenTelemetry. */
const byRival: Record<string, (work: Work) => Work> = {
  "time()": (work) => async () => {
    const started = performance.now();
    try {
      return await work();
    } finally {
      const seconds = (performance.now() - started) / 1000;
      rivals.histogram.record(seconds, attributes);
    }
  },
  "countExceptions()": (work) => async () => {
    try {
      return await work();
    } catch (error) {
      rivals.counter.add(1, attributes);
      throw error;
    }
  },
  "trackInprogress()": (work) => async () => {
    rivals.inprogress.add(1, attributes);
    try {
      return await work();
    } finally {
      rivals.inprogress.add(-1, attributes);
    }
  },
  "the three stacked": (work) => async () => {
    rivals.inprogress.add(1, attributes);
    const started = performance.now();
    try {
      return await work();
    } catch (error) {
      rivals.counter.add(1, attributes);
      throw error;
    } finally {
      const seconds = (performance.now() - started) / 1000;
      rivals.histogram.record(seconds, attributes);
      rivals.inprogress.add(-1, attributes);
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

/** Whether a wrapper is one of some, or all of them. */
const isOneOf = (name: string, ...names: string[]) =>
  names.includes(name) || name === "the three stacked" ? 1 : 0;

function comparison(
  kind: string,
  name: string,
  isRejected: boolean,
  cases: Cases,
): Comparison {
  const isTracked = isOneOf(name, "trackInprogress()");
  const wanted: Seen = [
    isOneOf(name, "time()"),
    isRejected ? isOneOf(name, "countExceptions()") : 0,
    0,
  ];
  return {
    name: `${kind}: ${name}`,
    baseline: "by hand",
    cases,
    check: (each, run) =>
      requireMeasured(
        `${kind}: ${name}, ${each}`,
        run,
        each === RIVAL ? rivalsSeen : seen,
        each === "bare" ? [0, 0, 0] : wanted,
        each === RIVAL ? undefined : {
          now: () => inprogressNow(inprogress),
          wanted: each === "bare" ? 0 : isTracked,
        },
      ),
  };
}

const RIVAL = "OpenTelemetry, by hand";
const TIMER = "startTimer()";

const comparisons: Comparison[] = [];
for (const [name, wrap] of Object.entries(wrappers)) {
  comparisons.push(
    comparison("async", name, false, {
      "bare": fulfil,
      "by hand": byHand[name](fulfil),
      ...name === "time()" && { [TIMER]: byTimer(fulfil) },
      [RIVAL]: byRival[name](fulfil),
      "wrapped": wrap(fulfil),
    }),
    comparison("rejecting", name, true, {
      "bare": handled(reject),
      "by hand": handled(byHand[name](reject)),
      ...name === "time()" && { [TIMER]: handled(byTimer(reject)) },
      [RIVAL]: handled(byRival[name](reject)),
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

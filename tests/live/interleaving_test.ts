import { assert, assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import type { MetricFamily } from "../../src/types.ts";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { live } from "./_live.ts";

/** The calls by which a reader finds out whether something has changed. */
const CALLS = ["load", "add"] as const;

/**
 * Runs a function, and another one in the middle of it: right before its n-th
 * atomic access. Tells whether there were as many.
 */
function runWithin(run: () => void, n: number, within: () => void): boolean {
  const originals = { load: Atomics.load, add: Atomics.add };
  const { now } = performance;
  let calls = 0;
  const restore = () => Object.assign(Atomics, originals);
  // A reading gives up when it takes too long; a busy machine is no reason.
  performance.now = () => 0;
  for (const name of CALLS) {
    const original = originals[name] as (...given: unknown[]) => number;
    Object.assign(Atomics, {
      [name](...given: unknown[]) {
        if (calls++ === n) {
          restore();
          within();
        }
        return original(...given);
      },
    });
  }
  try {
    run();
  } finally {
    restore();
    performance.now = now;
  }
  return calls > n;
}

/** The value that a series has whenever it is there, told by its labels. */
function valueOf(metric: number, label: number): number {
  return metric * 1000 + label;
}

function openMetricsRegistry() {
  const registry = new client.Registry() as promClient.Registry<
    promClient.OpenMetricsContentType
  >;
  registry.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

/** An application whose values can be told from their names and labels. */
class Told {
  readonly registry = openMetricsRegistry();
  /** The registry of another mirror. */
  readonly other = openMetricsRegistry();

  constructor() {
    for (const metric of [1, 2]) this.make(metric);
    this.histogram();
  }

  make(
    metric: number,
    labels: readonly number[] = [0, 1, 2, 3],
    registry = this.registry,
  ): void {
    const counter = new client.Counter({
      name: registry === this.registry
        ? `metric_${metric}`
        : `foreign_${metric}`,
      help: `metric ${metric}`,
      labelNames: ["n"],
      enableExemplars: true,
      registers: [registry],
    });
    for (const n of labels) this.count(counter, metric, n);
  }

  count(counter: promClient.Counter, metric: number, n: number): void {
    counter.inc({
      labels: { n },
      value: valueOf(metric, n),
      exemplarLabels: { of: `${metric} ${n}`.padEnd((n % 4) * 20) },
    });
  }

  counter(metric: number): promClient.Counter {
    return this.registry.getSingleMetric(
      `metric_${metric}`,
    ) as promClient.Counter;
  }

  histogram(): promClient.Histogram {
    const histogram = this.registry.getSingleMetric("histogram") ??
      new client.Histogram({
        name: "histogram",
        help: "histogram",
        labelNames: ["n"],
        buckets: [1, 2],
        registers: [this.registry],
      });
    for (const n of [1, 2]) {
      (histogram as promClient.Histogram).observe({ n }, 1);
    }
    return histogram as promClient.Histogram;
  }
}

/** An operation of an application while it is read. */
const DEEDS: Record<string, (app: Told) => void> = {
  "a metric that takes the place of another": (app) => {
    app.registry.removeSingleMetric("metric_1");
    app.make(3);
  },
  "a metric that goes, and one of another mirror that comes": (app) => {
    app.registry.removeSingleMetric("metric_1");
    app.make(4, [3, 2, 1, 0], app.other);
    app.registry.removeSingleMetric("metric_2");
    app.make(5, [0, 1, 2, 3], app.other);
  },
  "a metric that comes again with other labels": (app) => {
    app.registry.removeSingleMetric("metric_1");
    app.make(1, [7, 6, 5]);
  },
  "metrics that change their order": (app) => {
    app.registry.clear();
    for (const metric of [2, 1]) app.make(metric, [2, 1]);
  },
  "a reset": (app) => {
    app.counter(1).reset();
    app.counter(2).reset();
    for (const n of [3, 2]) app.count(app.counter(1), 1, n);
  },
  "label sets that go and others that come": (app) => {
    const counter = app.counter(1);
    for (const n of [0, 2]) counter.remove({ n });
    for (const n of [8, 9]) app.count(counter, 1, n);
  },
  "a label set that goes and comes again": (app) => {
    const counter = app.counter(1);
    counter.remove({ n: 0 });
    app.count(counter, 1, 0);
  },
  "so many removals that a table is written anew": (app) => {
    const counter = app.counter(1);
    for (let n = 10; n < 80; n++) app.count(counter, 1, n);
    for (let n = 10; n < 80; n++) counter.remove({ n });
  },
  "exemplars that change places": (app) => {
    for (const n of [3, 2, 1, 0]) {
      const counter = app.counter(1);
      counter.remove({ n });
      app.count(counter, 1, n);
    }
  },
  "observations, and a histogram set to zero": (app) => {
    const histogram = app.histogram();
    histogram.zero({ n: 1 });
    app.histogram();
    histogram.remove({ n: 2 });
    app.histogram();
  },
};

function check({ name, type, series, values, exemplars }: MetricFamily): void {
  assert(!name.startsWith("foreign"), name);
  const metric = Number(name.split("_")[1]);
  const labels = series.map((each) => each.labels.n);
  assertEquals(labels.length, new Set(labels).size);
  for (const [row, n] of labels.entries()) {
    if (type === "histogram") {
      const [one, two, count, sum] = Array.from(values).slice(row * 4);
      assert(one === count && two === count && sum === count, `${values}`);
      continue;
    }
    assertEquals(values[row], valueOf(metric, Number(n)), `${name} ${n}`);
    const of = exemplars?.get(row)?.labels.of?.trim();
    if (of !== undefined) assertEquals(of, `${metric} ${n}`);
  }
}

for (const [deed, perform] of Object.entries(DEEDS)) {
  test(`a reading is right in the middle of ${deed}`, () => {
    let isWithin = true;
    for (let n = 0; isWithin; n++) {
      const app = new Told();
      const { mirror, reader, families } = live(app.registry);
      const { mirror: other } = live(app.other);
      try {
        // Knowledge from another reading must not mislead.
        if (n % 2 === 0) families();
        isWithin = runWithin(
          () => {
            const read = reader.read();
            assertEquals(read.failures, []);
            for (const family of read.families) check(family);
            assertEquals(read.late, 0);
          },
          n,
          () => perform(app),
        );
        for (const family of families()) check(family);
      } finally {
        mirror.close();
        other.close();
      }
      assert(n < 5_000, "a reading has no end");
    }
  });
}

import { assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import { client } from "../../_client.ts";
import { test } from "../../_suite.ts";
import { judge, ORACLES, samplesOf, typesOf } from "./_judge.ts";

test(
  "a counter that became NaN is served, in OpenMetrics as unknown",
  ORACLES,
  async () => {
    const registry = new client.Registry();
    new client.Counter({
      name: "broken_total",
      help: "Broken",
      registers: [registry],
    }).inc(NaN);
    const families = await judge(registry);
    assertEquals(typesOf(families), { broken_total: "unknown" });
    assertEquals(samplesOf(families, "broken_total"), [[
      "broken_total",
      {},
      NaN,
    ]]);
  },
);

test(
  "a counter without _total is unknown in OpenMetrics, under its own name",
  ORACLES,
  async () => {
    const registry = new client.Registry();
    const registers = [registry];
    new client.Counter({ name: "runs", help: "Runs", registers }).inc(2);
    new client.Counter({ name: "jobs_total", help: "Jobs", registers }).inc(3);
    const families = await judge(registry, {
      code: 3,
      output: 'runs counter metrics should have "_total" suffix\n',
    });
    assertEquals(typesOf(families), { runs: "unknown", jobs: "counter" });
    assertEquals(samplesOf(families, "runs"), [["runs", {}, 2]]);
    assertEquals(samplesOf(families, "jobs"), [["jobs_total", {}, 3]]);
  },
);

for (const gauge of ["jobs", "jobs_created"]) {
  test(
    `a gauge ${gauge} is served beside a counter jobs_total`,
    ORACLES,
    async () => {
      const { Counter, Gauge, Registry } = client;
      for (const order of [[Counter, Gauge], [Gauge, Counter]]) {
        const registry = new Registry();
        for (const Metric of order) {
          const name = Metric === Gauge ? gauge : "jobs_total";
          new Metric({ name, help: "Jobs", registers: [registry] }).inc();
        }
        const families = await judge(registry);
        assertEquals(typesOf(families), {
          [gauge]: "gauge",
          jobs_total: "unknown",
        });
        assertEquals(samplesOf(families, gauge), [[gauge, {}, 1]]);
        assertEquals(samplesOf(families, "jobs_total"), [[
          "jobs_total",
          {},
          1,
        ]]);
      }
    },
  );
}

test(
  "promtool and Python accept metrics whose names hold each other's",
  ORACLES,
  async () => {
    const pairs = [
      ["Counter jobs_total", "Counter jobs_total_total"],
      ["Summary jobs", "Histogram jobs_created"],
      ["Summary jobs", "Counter jobs_sum_total"],
      ["Counter jobs_total", "Counter jobs_created_total"],
    ];
    for (const pair of pairs.flatMap((pair) => [pair, pair.toReversed()])) {
      const registry = new client.Registry();
      for (const metric of pair) {
        const [Type, name] = metric.split(" ");
        const registers = [registry];
        new client[Type as "Gauge"]({ name, help: metric, registers });
      }
      await judge(registry);
    }
  },
);

/** A registry with a histogram that has observed each value in its own series. */
function observed(
  buckets: number[],
  ...values: number[]
): promClient.Registry {
  const registry = new client.Registry();
  const histogram = new client.Histogram({
    name: "change",
    help: "Change",
    labelNames: ["kind"],
    buckets,
    registers: [registry],
  });
  for (const [kind, value] of values.entries()) {
    histogram.observe({ kind }, value);
  }
  return registry;
}

test(
  "a histogram with negative buckets keeps its samples",
  ORACLES,
  async () => {
    const families = await judge(observed([-2, 0, 1.5], -0.5, 2));
    assertEquals(typesOf(families), {
      change_bucket: "unknown",
      change_sum: "unknown",
      change_count: "unknown",
    });
    const bucket = (kind: string, le: string, value: number) =>
      ["change_bucket", { kind, le }, value] as const;
    assertEquals<unknown>(samplesOf(families, "change_bucket"), [
      bucket("0", "-2", 0),
      bucket("0", "0", 1),
      bucket("0", "1.5", 1),
      bucket("0", "+Inf", 1),
      bucket("1", "-2", 0),
      bucket("1", "0", 0),
      bucket("1", "1.5", 0),
      bucket("1", "+Inf", 1),
    ]);
    assertEquals(samplesOf(families, "change_sum"), [
      ["change_sum", { kind: "0" }, -0.5],
      ["change_sum", { kind: "1" }, 2],
    ]);
    assertEquals(samplesOf(families, "change_count"), [
      ["change_count", { kind: "0" }, 1],
      ["change_count", { kind: "1" }, 1],
    ]);
  },
);

test("a histogram with a negative sum keeps its samples", ORACLES, async () => {
  const families = await judge(observed([1], 2, -0.5));
  assertEquals(typesOf(families), {
    change_bucket: "unknown",
    change_sum: "unknown",
    change_count: "unknown",
  });
  assertEquals(samplesOf(families, "change_sum"), [
    ["change_sum", { kind: "0" }, 2],
    ["change_sum", { kind: "1" }, -0.5],
  ]);
});

test(
  "a summary with negative quantiles keeps its samples",
  ORACLES,
  async () => {
    const registry = new client.Registry();
    const summary = new client.Summary({
      name: "change",
      help: "Change",
      percentiles: [0.01, 1],
      registers: [registry],
    });
    for (const value of [-1, 3]) summary.observe(value);
    const families = await judge(registry);
    assertEquals(typesOf(families), {
      change: "unknown",
      change_sum: "unknown",
      change_count: "unknown",
    });
    assertEquals(families.map(({ name }) => samplesOf(families, name)), [
      [
        ["change", { quantile: "0.01" }, -1],
        ["change", { quantile: "1" }, 3],
      ],
      [["change_sum", {}, 2]],
      [["change_count", {}, 2]],
    ]);
  },
);

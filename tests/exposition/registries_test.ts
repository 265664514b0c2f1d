import {
  CollectorError,
  metricsHandler,
  type RegistrySource,
} from "../../src/exposition/mod.ts";
import type { Registry } from "../../src/types.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type * as promClient from "prom-client";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";

const { Counter, Gauge, Histogram } = client;

/** Scrapes registries; yields the lines and the failures. */
async function scrape(
  registry: Registry | Registry[] | (() => Registry | Promise<Registry[]>),
): Promise<{ lines: string[]; errors: CollectorError[] }> {
  const errors: CollectorError[] = [];
  const response = await metricsHandler({
    registry,
    onError(error) {
      assert(error instanceof CollectorError, String(error));
      errors.push(error);
    },
  })(new Request("http://localhost/metrics"));
  assertEquals(response.status, 200);
  const lines = (await response.text()).split("\n").filter((line) =>
    line !== "" && !/prometheus_async_|^# HELP/.test(line)
  );
  return { lines, errors };
}

/** A registry with one gauge. */
function gaugeRegistry(
  name: string,
  value: number,
  labels: Record<string, string> = {},
  help = "help",
): Registry {
  const registry = new client.Registry();
  new Gauge({
    name,
    help,
    labelNames: Object.keys(labels),
    registers: [registry],
  }).set(labels, value);
  return registry;
}

test("metricsHandler() serves several registries", async () => {
  const { lines, errors } = await scrape([
    gaugeRegistry("a", 1),
    gaugeRegistry("b", 2),
  ]);
  assertEquals(lines, ["# TYPE a gauge", "a 1", "# TYPE b gauge", "b 2"]);
  assertEquals(errors, []);
});

test('in a list "default" stands for the default registries', async () => {
  new Gauge({ name: "of_default", help: "help" }).set(3);
  const registry: RegistrySource = ["default", gaugeRegistry("a", 1)];
  try {
    const handler = metricsHandler({ registry, onError() {} });
    const url = "http://localhost/metrics?name[]=of_default&name[]=a";
    const text = await (await handler(new Request(url))).text();
    assertStringIncludes(text, "\nof_default 3\n");
    assertStringIncludes(text, "\na 1\n");
  } finally {
    client.register.removeSingleMetric("of_default");
  }
});

test("metricsHandler() serves a registry once that is given twice", async () => {
  const registry = gaugeRegistry("a", 1);
  const { lines, errors } = await scrape([registry, registry]);
  assertEquals(lines, ["# TYPE a gauge", "a 1"]);
  assertEquals(errors, []);
});

test("metricsHandler() asks a function for its registries with every scrape", async () => {
  let asked = 0;
  const handler = metricsHandler({
    registry: async () => [gaugeRegistry("a", await Promise.resolve(++asked))],
  });
  for (const value of [1, 2]) {
    const response = await handler(new Request("http://localhost/"));
    assertStringIncludes(await response.text(), `a ${value}\n`);
  }
});

test("metricsHandler() merges what several registries have of a metric", async () => {
  const registries = ["x", "y"].map((at) => {
    const registry = new client.Registry();
    const registers = [registry];
    new Gauge({ name: "a", help: "A", labelNames: ["at"], registers })
      .set({ at }, 1);
    new Histogram({
      name: "h",
      help: "H",
      labelNames: ["at"],
      buckets: [1],
      registers,
    }).observe({ at }, 0.5);
    return registry;
  });
  const { lines, errors } = await scrape(registries);
  assertEquals(lines, [
    "# TYPE a gauge",
    'a{at="x"} 1',
    'a{at="y"} 1',
    "# TYPE h histogram",
    ...["x", "y"].flatMap((at) => [
      `h_bucket{at="${at}",le="1"} 1`,
      `h_bucket{at="${at}",le="+Inf"} 1`,
      `h_sum{at="${at}"} 0.5`,
      `h_count{at="${at}"} 1`,
    ]),
  ]);
  assertEquals(errors, []);
});

test("metricsHandler() serves the first of two metrics that conflict, and names both", async () => {
  const counters = new client.Registry();
  new Counter({ name: "a", help: "As", registers: [counters] });
  const cases: [Registry, string][] = [
    [counters, 'received counter "a" ("As") beside gauge "a" ("help")'],
    [
      gaugeRegistry("a", 2, {}, "other"),
      'received gauge "a" ("other") beside gauge "a" ("help")',
    ],
  ];
  for (const [other, reason] of cases) {
    const { lines, errors } = await scrape([gaugeRegistry("a", 1), other]);
    assertEquals(lines, ["# TYPE a gauge", "a 1"]);
    assertEquals(errors.map(({ failure }) => failure), ["conflict"]);
    assertStringIncludes(errors[0].message, reason);
  }
});

test("metricsHandler() does not serve two metrics with samples of one name", async () => {
  const registry = new client.Registry();
  const registers = [registry];
  new Histogram({ name: "h", help: "H", buckets: [], registers }).observe(1);
  new Gauge({ name: "h_count", help: "help", registers }).set(9);
  new Gauge({ name: "h_counts", help: "help", registers }).set(9);
  // No summary has buckets.
  new client.Summary({ name: "s", help: "S", percentiles: [], registers });
  new Gauge({ name: "s_bucket", help: "help", registers }).set(9);
  const { lines, errors } = await scrape(registry);
  assertEquals(lines, [
    "# TYPE h histogram",
    'h_bucket{le="+Inf"} 1',
    "h_sum 1",
    "h_count 1",
    "# TYPE h_counts gauge",
    "h_counts 9",
    "# TYPE s summary",
    "s_sum 0",
    "s_count 0",
    "# TYPE s_bucket gauge",
    "s_bucket 9",
  ]);
  assertEquals(errors.map(({ collector, failure }) => [collector, failure]), [
    ["h_count", "conflict"],
  ]);
});

test("metricsHandler() serves the first of two equal label sets and says so", async () => {
  const { lines, errors } = await scrape([
    gaugeRegistry("a", 1, { at: "x" }),
    gaugeRegistry("a", 2, { at: "x" }),
  ]);
  assertEquals(lines, ["# TYPE a gauge", 'a{at="x"} 1']);
  assertEquals(errors.map(({ collector, failure }) => [collector, failure]), [
    ["a", "duplicate"],
  ]);
});

test("metricsHandler() takes an empty label for none, as Prometheus does", async () => {
  const registry = new client.Registry();
  const gauge = new Gauge({
    name: "a",
    help: "A",
    labelNames: ["at"],
    registers: [registry],
  });
  gauge.set({}, 1);
  gauge.set({ at: "" }, 2);
  const { lines, errors } = await scrape(registry);
  assertEquals(lines, ["# TYPE a gauge", "a 1"]);
  assertEquals(errors.map(({ failure }) => failure), ["duplicate"]);
});

test("metricsHandler() reads any object with a registry's shape", async () => {
  const { lines } = await scrape({
    getMetricsAsArray: () => [
      {
        name: "sizes",
        get: () => ({
          name: "sizes",
          help: "S",
          type: "histogram",
          values: [
            { metricName: "sizes_count", value: 2, labels: { a: "b" } },
            { metricName: "sizes_sum", value: 4, labels: { a: "b" } },
            {
              metricName: "sizes_bucket",
              value: 2,
              labels: { a: "b", le: "+Inf" },
            },
            { metricName: "sizes_bucket", value: 2, labels: { a: "b", le: 3 } },
            {
              metricName: "sizes_bucket",
              value: 1,
              labels: { a: "b", le: "1" },
            },
            { metricName: "sizes_count", value: 0 },
          ],
        }),
      },
      {
        name: "info",
        get: () => ({
          name: "info",
          help: "",
          type: "unknown",
          values: [{ value: 1 }],
        }),
      },
    ],
  });
  assertEquals(lines, [
    "# TYPE sizes histogram",
    'sizes_bucket{a="b",le="1"} 1',
    'sizes_bucket{a="b",le="3"} 2',
    'sizes_bucket{a="b",le="+Inf"} 2',
    'sizes_sum{a="b"} 4',
    'sizes_count{a="b"} 2',
    'sizes_bucket{le="+Inf"} 0',
    "sizes_sum NaN",
    "sizes_count 0",
    "# TYPE info untyped",
    "info 1",
  ]);
});

test("metricsHandler() refuses labels for which Prometheus would refuse everything", async () => {
  for (const name of ["__name__", ""]) {
    const registry = {
      getMetricsAsArray: () => [
        {
          name: "a",
          get: () => ({
            name: "a",
            help: "A",
            type: "gauge",
            values: [{ value: 1, labels: { [name]: "x" } }],
          }),
        },
        ...gaugeRegistry("b", 1).getMetricsAsArray(),
      ],
    };
    const { lines, errors } = await scrape(registry);
    assertEquals(lines, ["# TYPE b gauge", "b 1"]);
    assertStringIncludes(errors[0].message, `received "${name}"`);
  }
});

test("metricsHandler() keeps labels apart whose names the format writes alike", async () => {
  const registry = gaugeRegistry("a", 1, { a_b: "own" }) as promClient.Registry;
  registry.setDefaultLabels({ "a-b": "x", "a.b": "y" });
  const { lines } = await scrape(registry);
  assertEquals(lines, [
    "# TYPE a gauge",
    'a{U__a_2d_b="x",U__a_2e_b="y",a_b="own"} 1',
  ]);
});

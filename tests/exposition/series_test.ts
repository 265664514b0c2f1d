import { metricsHandler } from "../../src/exposition/mod.ts";
import { storageOf } from "../../src/clients/storage.ts";
import type { RegisteredMetric } from "../../src/types.ts";
import { assertEquals, assertMatch } from "@std/assert";
import type * as promClient from "prom-client";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";

const { Counter, Gauge, Histogram, Registry, Summary } = client;

/** A function that scrapes a registry and yields its sample lines. */
function scraperOf(registry: promClient.Registry): () => Promise<string[]> {
  const handler = metricsHandler({ registry, onError: () => {} });
  return async () => {
    const response = await handler(new Request("http://localhost/metrics"));
    return (await response.text()).split("\n").filter((line) =>
      line !== "" && !/^#|^prometheus_async_/.test(line)
    );
  };
}

function gaugeOf(...labelNames: string[]) {
  const registry = new Registry();
  const gauge = new Gauge({
    name: "g",
    help: "G",
    labelNames,
    registers: [registry],
  });
  return { registry, gauge, scrape: scraperOf(registry) };
}

test("metricsHandler() follows series that come and go", async () => {
  const { gauge, scrape } = gaugeOf("n");
  const lines = (...numbers: number[]) =>
    numbers.map((n) => `g{n="${n}"} ${n}`);
  const set = (...numbers: number[]) =>
    numbers.forEach((n) => gauge.set({ n: String(n) }, n));
  assertEquals(await scrape(), []);
  set(1, 2, 3);
  assertEquals(await scrape(), lines(1, 2, 3));
  set(4, 5);
  assertEquals(await scrape(), lines(1, 2, 3, 4, 5));
  gauge.remove("2");
  assertEquals(await scrape(), lines(1, 3, 4, 5));
  gauge.remove("1");
  gauge.remove("5");
  set(6, 2);
  assertEquals(await scrape(), lines(3, 4, 6, 2));
  gauge.reset();
  assertEquals(await scrape(), []);
  set(7, 3);
  assertEquals(await scrape(), lines(7, 3));
});

test("metricsHandler() follows more removals than it looks ahead for", async () => {
  const { gauge, scrape } = gaugeOf("n");
  const numbers = Array.from({ length: 3000 }, (_, n) => n);
  for (const n of numbers) gauge.set({ n: String(n) }, n);
  await scrape();
  for (const n of numbers) {
    if (n < 1500 ? n % 2 : n < 2900) gauge.remove(String(n));
  }
  for (const n of [5000, 1, 2000]) gauge.set({ n: String(n) }, n);
  const left = numbers.filter((n) => !(n < 1500 ? n % 2 : n < 2900));
  assertEquals(
    await scrape(),
    [...left, 5000, 1, 2000].map((n) => `g{n="${n}"} ${n}`),
  );
});

test("metricsHandler() follows histograms and summaries that come and go", async () => {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ["n"];
  const histogram = new Histogram({
    name: "h",
    help: "H",
    labelNames,
    buckets: [1],
    registers,
  });
  const summary = new Summary({
    name: "s",
    help: "S",
    labelNames,
    percentiles: [0.5],
    registers,
  });
  const scrape = scraperOf(registry);
  const lines = (...names: string[]) => [
    ...names.flatMap((n) => [
      `h_bucket{n="${n}",le="1"} 0`,
      `h_bucket{n="${n}",le="+Inf"} 1`,
      `h_sum{n="${n}"} 2`,
      `h_count{n="${n}"} 1`,
    ]),
    ...names.flatMap((n) => [
      `s{n="${n}",quantile="0.5"} 2`,
      `s_sum{n="${n}"} 2`,
      `s_count{n="${n}"} 1`,
    ]),
  ];
  for (const n of ["a", "b", "c"]) {
    histogram.observe({ n }, 2);
    summary.observe({ n }, 2);
  }
  assertEquals(await scrape(), lines("a", "b", "c"));
  histogram.remove("b");
  summary.remove("b");
  assertEquals(await scrape(), lines("a", "c"));
});

test("metricsHandler() follows a metric that replaces another", async () => {
  const registry = new Registry();
  const registers = [registry];
  const scrape = scraperOf(registry);
  new Gauge({ name: "a", help: "A", registers }).set(1);
  assertEquals(await scrape(), ["a 1"]);
  registry.removeSingleMetric("a");
  new Counter({ name: "a", help: "A", labelNames: ["x"], registers })
    .inc({ x: "y" }, 2);
  assertEquals(await scrape(), ['a{x="y"} 2']);
  registry.clear();
  assertEquals(await scrape(), []);
});

test("metricsHandler() follows default labels as they change", async () => {
  const { registry, gauge, scrape } = gaugeOf("at");
  gauge.set({ at: "home" }, 1);
  gauge.set({}, 2);
  assertEquals(await scrape(), ['g{at="home"} 1', "g 2"]);
  registry.setDefaultLabels({ zone: "z", at: "default" });
  const withDefaults = [
    'g{at="home",zone="z"} 1',
    'g{at="default",zone="z"} 2',
  ];
  assertEquals(await scrape(), withDefaults);
  assertEquals(await scrape(), withDefaults);
  registry.setDefaultLabels({});
  assertEquals(await scrape(), ['g{at="home"} 1', "g 2"]);
});

test("metricsHandler() takes a label that is undefined for none", async () => {
  const { registry, gauge, scrape } = gaugeOf("a", "b");
  gauge.set({ a: "x", b: undefined } as never, 1);
  assertEquals(await scrape(), ['g{a="x"} 1']);
  registry.setDefaultLabels({ b: "default" });
  assertEquals(await scrape(), ['g{a="x",b="default"} 1']);
});

test("metricsHandler() writes labels of every type, in the order of their names", async () => {
  const { gauge, scrape } = gaugeOf("b", "a", "__proto__");
  gauge.set({ b: 1, a: ["x", 2], ["__proto__"]: "p" } as never, 1);
  gauge.set({ b: { c: 1 }, a: true } as never, 2);
  const lines = [
    'g{__proto__="p",a="x,2",b="1"} 1',
    'g{a="true",b="[object Object]"} 2',
  ];
  assertEquals(await scrape(), lines);
  assertEquals(await scrape(), lines);
});

test("metricsHandler() serves what a reused object's labels were when it was set", async () => {
  const { gauge, scrape } = gaugeOf("version");
  const labels = { version: "1" };
  gauge.set(labels, 1);
  assertEquals(await scrape(), ['g{version="1"} 1']);
  gauge.reset();
  labels.version = "2";
  gauge.set(labels, 1);
  assertEquals(await scrape(), ['g{version="2"} 1']);
});

test("metricsHandler() serves the labels of now under a key of before", async () => {
  const registry = new Registry();
  const counter = new Counter({
    name: "a_total",
    help: "A",
    labelNames: ["a", "b"],
    registers: [registry],
  });
  const scrape = scraperOf(registry);
  // `prom-client` keeps both under one key.
  counter.inc({ a: "1,b:2", b: "3" });
  assertEquals(await scrape(), ['a_total{a="1,b:2",b="3"} 1']);
  counter.reset();
  counter.inc({ a: "1", b: "2,b:3" });
  assertEquals(await scrape(), ['a_total{a="1",b="2,b:3"} 1']);
});

test("metricsHandler() serves one of label sets that are written alike", async () => {
  const reused: Record<string, unknown> = { a: "1", b: 1 };
  const changed: Record<string, unknown> = { a: "2", b: 1 };
  for (
    const [first, second, change] of [
      [{ a: null, b: 1 }, { a: "null", b: 1 }],
      [{ a: "\ud800", b: 1 }, { a: "\udfff", b: 1 }],
      [{ a: "", b: 1 }, { b: 1 }],
      [reused, reused, () => reused.a = "2"],
      [changed, { a: "3", b: 1 }, () => changed.a = "3"],
    ] as [object, object, (() => void)?][]
  ) {
    const { gauge, scrape } = gaugeOf("a", "b");
    // Others first, which keys alone tell apart.
    for (let n = 0; n < 3; n++) gauge.set({ a: `a${n}`, b: 1 }, n);
    await scrape();
    gauge.set(first as never, 7);
    change?.();
    gauge.set(second as never, 7);
    for (let n = 0; n < 2; n++) {
      const lines = await scrape();
      assertEquals(lines.length, 4, lines.join("\n"));
    }
  }
});

test("metricsHandler() serves what came second when the first is removed", async () => {
  const { gauge, scrape } = gaugeOf("a");
  // UTF-8 has neither surrogate alone: to Prometheus they are one.
  gauge.set({ a: "\ud800" }, 1);
  gauge.set({ a: "\ud801" }, 2);
  gauge.set({ a: "y" }, 3);
  assertEquals(await scrape(), ['g{a="\ufffd"} 1', 'g{a="y"} 3']);
  gauge.remove("\ud800");
  assertEquals(await scrape(), ['g{a="\ufffd"} 2', 'g{a="y"} 3']);
});

test("metricsHandler() sorts a histogram's buckets", async () => {
  const registry = new Registry();
  const scrape = scraperOf(registry);
  new Histogram({
    name: "h",
    help: "H",
    buckets: [2, 0.5, 10, Infinity, 2],
    registers: [registry],
  }).observe(5);
  assertEquals(await scrape(), [
    'h_bucket{le="0.5"} 0',
    'h_bucket{le="2"} 0',
    'h_bucket{le="10"} 1',
    'h_bucket{le="+Inf"} 1',
    "h_sum 5",
    "h_count 1",
  ]);
});

test("metricsHandler() serves buckets whose bounds are texts", async () => {
  const registry = new Registry();
  const scrape = scraperOf(registry);
  const histogram = new Histogram({
    name: "h",
    help: "H",
    // As they come from the environment.
    buckets: ["0.10", "2.50"] as never[],
    registers: [registry],
  });
  histogram.observe(0.05);
  histogram.observe(1);
  assertEquals((await scrape()).slice(0, 3), [
    'h_bucket{le="0.1"} 1',
    'h_bucket{le="2.5"} 2',
    'h_bucket{le="+Inf"} 2',
  ]);
});

test("metricsHandler() does not serve an exemplar that the client refused", async () => {
  const registry = new Registry<promClient.OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const counter = new Counter({
    name: "a_total",
    help: "A",
    enableExemplars: true,
    registers: [registry],
  });
  const inc = (trace: string) =>
    counter.inc({ exemplarLabels: { trace }, value: 1 } as never);
  try {
    inc("x".repeat(200));
  } catch {
    // The client keeps the exemplar, half made.
  }
  const handler = metricsHandler({ registry });
  const lines = async () => {
    const headers = { accept: "application/openmetrics-text" };
    const request = new Request("http://localhost/", { headers });
    return (await (await handler(request)).text()).split("\n").filter((line) =>
      line.startsWith("a_total")
    );
  };
  assertEquals(await lines(), ["a_total 1"]);
  inc("y");
  // The successor takes the counter's value for that of the exemplar.
  assertMatch((await lines()).join(), /^a_total 2 # \{trace="y"\} [12] \S+$/);
});

test("storageOf() knows the storage of both clients, and nothing else", () => {
  const registers = [new Registry()];
  const known = [
    new Counter({ name: "a", help: "A", registers }),
    new Gauge({ name: "b", help: "B", registers }),
    new Histogram({ name: "c", help: "C", registers }),
  ];
  for (const metric of known) {
    assertEquals(
      storageOf(metric as unknown as RegisteredMetric) !== undefined,
      true,
      metric.constructor.name,
    );
  }
  class Doubled extends Gauge {
    override async get() {
      return await super.get();
    }
  }
  /** Its answer holds the client's, and more. */
  class Filtered extends Gauge {
    override async get() {
      const { hashMap = {}, store } = this as unknown as {
        hashMap?: Record<string, never>;
        store?: { values(): Iterable<never> };
      };
      await Promise.resolve();
      const values = store === undefined
        ? Object.values(hashMap)
        : Array.from(store.values());
      return { ...await super.get(), values: values.slice(1) };
    }
  }
  const replaced = new Gauge({ name: "e", help: "E", registers });
  replaced.get = () => Promise.resolve({} as never);
  const unknown: unknown[] = [
    new Summary({ name: "d", help: "D", registers }),
    new Doubled({ name: "f", help: "F", registers }),
    new Filtered({ name: "i", help: "I", registers }),
    replaced,
    { name: "g" },
    { name: "h", get: () => ({}), type: "counter" },
  ];
  for (const metric of unknown) {
    const { name } = metric as RegisteredMetric;
    assertEquals(storageOf(metric as RegisteredMetric), undefined, name);
  }
});

test("metricsHandler() asks a subclass that has its own get()", async () => {
  const registry = new Registry();
  class Doubled extends Gauge {
    override async get() {
      const metric = await super.get();
      const values = metric.values.map((each) => ({
        ...each,
        value: each.value * 2,
      }));
      return { ...metric, values };
    }
  }
  new Doubled({ name: "g", help: "G", registers: [registry] }).set(21);
  assertEquals(await scraperOf(registry)(), ["g 42"]);
});

test("metricsHandler() leaves out exemplars that Prometheus would refuse", async () => {
  const exemplars: [labelSet: Record<string, unknown>, text: string][] = [
    [{ trace: "x".repeat(123) }, ` # {trace="${"x".repeat(123)}"} 1`],
    [{ trace: "x".repeat(124) }, ""],
    [{ trace: "😀".repeat(123) }, ` # {trace="${"😀".repeat(123)}"} 1`],
    [{ "": "x" }, ""],
    [{ "a\0": "x" }, ""],
    [{ a: "x\0y" }, ' # {a="x\ufffdy"} 1'],
    [{ n: 1 }, ' # {n="1"} 1'],
  ];
  for (const [labelSet, text] of exemplars) {
    const handler = metricsHandler({
      registry: {
        getMetricsAsArray: () => [{
          name: "a_total",
          get: () => ({
            name: "a_total",
            help: "A",
            type: "counter",
            values: [{ value: 1, exemplar: { labelSet, value: 1 } }],
          }),
        }],
      },
    });
    const headers = { accept: "application/openmetrics-text" };
    const response = await handler(
      new Request("http://localhost/", { headers }),
    );
    assertEquals((await response.text()).split("\n")[2], `a_total 1${text}`);
  }
});

test("metricsHandler() lets the event loop turn while it reads, writes and compresses", async () => {
  const { gauge, registry } = gaugeOf("n");
  for (let n = 0; n < 100_000; n++) gauge.set({ n: `${n * n}` }, n);
  const many = new Registry();
  for (let n = 0; n < 6000; n++) {
    const name = `g${n}`;
    const registers = [many];
    const each = new Gauge({ name, help: name, labelNames: ["n"], registers });
    for (let i = 0; i < 20; i++) each.set({ n: i }, n);
  }
  const headers = { "accept-encoding": "gzip" };
  for (const each of [registry, many]) {
    let turns = 0;
    let isDone = false;
    const turn = () => {
      turns++;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    const handler = metricsHandler({ registry: each });
    const answers = [1, 2, 3].map(() =>
      handler(new Request("http://localhost/", { headers }))
    );
    await Promise.all(answers);
    isDone = true;
    // In one go there would be a handful.
    assertEquals(turns > 30, true, `the event loop turned ${turns} times`);
  }
});

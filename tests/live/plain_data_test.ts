import { assertEquals } from "@std/assert";
import { inspect } from "node:util";
import { deserialize, serialize } from "node:v8";
import type * as promClient from "prom-client";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { withLive } from "./_live.ts";

const { Counter, Gauge, Histogram, Registry } = client;

/** Makes a registry with metrics of all types. */
function make(): promClient.Registry {
  const registry = new Registry();
  const named = (name: string) => ({ name, help: name, registers: [registry] });
  const labelNames = ["a"];
  new Counter(named("c")).inc(2);
  new Counter({ ...named("c_of"), labelNames }).inc({ a: "x" }, 3);
  new Gauge(named("g")).set(4);
  const gauge = new Gauge({ ...named("g_of"), labelNames });
  gauge.set({ a: "x" }, 5);
  gauge.labels("y").inc();
  new Histogram({ ...named("h"), buckets: [1] }).observe(0.5);
  return registry;
}

const byDescriptors = (prototype: object | null) => (given: object) =>
  Object.create(prototype, Object.getOwnPropertyDescriptors(given));

/** The ways to copy, or to show, what an application has got. */
const WAYS: Readonly<Record<string, (given: object) => unknown>> = {
  "util.inspect()": (given) => inspect(given, { depth: 9 }),
  "JSON": (given) => JSON.parse(JSON.stringify(given)),
  "structuredClone()": (given) => structuredClone(given),
  "node:v8": (given) => deserialize(serialize(given)),
  "spread": (given) => ({ ...given }),
  "Object.assign()": (given) => Object.assign({}, given),
  "descriptors": byDescriptors(Object.prototype),
  "descriptors without a prototype": byDescriptors(null),
  "keys": Object.keys,
};

/** Copies each value that applications get, by all ways of getting one. */
async function copies(
  registry: promClient.Registry,
  copy: (given: object) => unknown,
): Promise<unknown[]> {
  const metrics = registry
    .getMetricsAsArray() as unknown as promClient.Counter[];
  const got = await Promise.all(metrics.map((metric) => metric.get()));
  // At once, since the client changes what it has yielded.
  const copied = got.flatMap(({ values }) => values.map(copy));
  const json = await registry.getMetricsAsJSON() as typeof got;
  return [...copied, ...json.flatMap(({ values }) => values.map(copy))];
}

for (const defaults of [{}, { zone: "z" }]) {
  const which = Object.keys(defaults).join() || "no";
  test(`what get() and getMetricsAsJSON() yield is plain data, with ${which} default labels`, async () => {
    const [registry, untouched] = [make(), make()];
    registry.setDefaultLabels(defaults);
    untouched.setDefaultLabels(defaults);
    const requireSame = async () => {
      for (const [name, copy] of Object.entries(WAYS)) {
        const [actual, expected] = [
          await copies(registry, copy),
          await copies(untouched, copy),
        ];
        assertEquals(actual, expected, name);
      }
    };
    await withLive([registry], async () => {
      await requireSame();
      assertEquals(await registry.metrics(), await untouched.metrics());
    });
    await requireSame();
  });
}

test("what get() has yielded stays as it is while the metric is updated directly", async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: "g", help: "g", registers: [registry] });
  await withLive([registry], async () => {
    gauge.set(1);
    const [value] = (await gauge.get()).values;
    gauge.set(2);
    assertEquals(value, { value: 1, labels: {} });
    const [later] = (await gauge.get()).values;
    assertEquals(later, { value: 2, labels: {} });
  });
});

test("entries in the client's own storage survive being copied", async () => {
  const registry = make();
  await withLive([registry], () => {
    const entries = registry.getMetricsAsArray().flatMap((metric) => {
      const { hashMap, store } = metric as unknown as {
        hashMap?: Record<string, object>;
        store?: { values(): Iterable<object> };
      };
      return [...store?.values() ?? Object.values(hashMap!)];
    });
    for (const copy of [...Object.values(WAYS), Object.create]) {
      for (const entry of entries) {
        const copied = copy(entry);
        inspect(copied, { getters: true });
        JSON.stringify(copied);
        structuredClone(copied);
      }
    }
    const [{ value }] = entries as { value: number }[];
    const heir = Object.create(entries[0]);
    assertEquals([heir.value, value], [2, 2]);
    heir.value = 7;
    assertEquals([heir.value, Object.keys(heir)], [7, ["value"]]);
    assertEquals((entries[0] as { value: number }).value, 2);
  });
});

test("metrics are logged as JSON as they are without a mirror", async () => {
  const registry = new Registry();
  const metrics = [
    new Counter({ name: "c", help: "c", registers: [] }),
    new Histogram({ name: "h", help: "h", registers: [] }),
  ];
  for (const metric of metrics) registry.registerMetric(metric);
  const before = JSON.stringify(metrics);
  await withLive([registry], ({ mirror }) => {
    assertEquals(mirror.notLive, []);
    assertEquals(JSON.stringify(metrics), before);
  });
  assertEquals(JSON.stringify(metrics), before);
});

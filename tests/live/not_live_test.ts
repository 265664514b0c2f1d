import { assert, assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import type { Registry as ServedRegistry } from "../../src/types.ts";
import { client, clientName } from "../_client.ts";
import { test } from "../_suite.ts";
import { live, refresh, withLive, write, writeGathered } from "./_live.ts";
import { type Any, descriptorsOf, gaugeOf } from "./_metrics.ts";

const { Counter, Gauge, Registry } = client;

/** The property in which the client stores label sets. */
const STORAGE = clientName === "prom-client" ? "hashMap" : "store";

test("a frozen metric is read when the mirror is refreshed, and says so", async () => {
  const registry = new Registry();
  const gauge = gaugeOf(registry);
  Object.freeze(gauge);
  await withLive([registry], async ({ families, mirror }) => {
    gauge.set({ a: "1" }, 1);
    assertEquals(families(), []);
    assertEquals(mirror.notLive.map(({ name }) => name), ["g"]);
    assert(mirror.notLive[0].reason.includes("frozen"));
    assertEquals(await refresh(mirror), []);
    assertEquals(await write(families()), await writeGathered([registry]));
    gauge.set({ a: "1" }, 2);
    assertEquals(families()[0].values[0], 1);
    await refresh(mirror);
    assertEquals(families()[0].values[0], 2);
  });
});

test("a metric that is not live is named as soon as it is registered", async () => {
  const registry = new Registry();
  const { mirror, reader, families } = live(registry);
  assertEquals(families(), []);
  const gauge = new Gauge({ name: "g", help: "g", registers: [] });
  registry.registerMetric(Object.freeze(gauge));
  // No turn of the event loop was needed for that.
  assertEquals(families(), []);
  assertEquals(reader.read().notLive, ["g"]);
  await refresh(mirror);
  assertEquals(families().map(({ name }) => name), ["g"]);
  assertEquals(reader.read().notLive, ["g"]);
  mirror.close();
});

test("a metric that is frozen while it is mirrored goes on", async () => {
  const registry = new Registry();
  const gauge = gaugeOf(registry);
  const { mirror, families } = live(registry);
  Object.freeze(gauge);
  gauge.set({ a: "1" }, 1);
  assertEquals(families()[0].values[0], 1);
  mirror.close();
  gauge.set({ a: "1" }, 2);
  gauge.set({ a: "2" }, 3);
  await withLive([registry], async ({ families, mirror }) => {
    await refresh(mirror);
    assertEquals(Array.from(families()[0].values), [2, 3]);
  });
});

test("a frozen registry is followed when the mirror is refreshed", async () => {
  const registry = new Registry();
  const gauge = gaugeOf(registry);
  Object.freeze(registry);
  await withLive([registry], async ({ families, mirror }) => {
    gauge.set({ a: "1" }, 1);
    assertEquals(families()[0].values[0], 1);
    gaugeOf(registry, "later").set({ a: "2" }, 2);
    assertEquals(families().length, 1);
    await refresh(mirror);
    assertEquals(await write(families()), await writeGathered([registry]));
  });
});

test("a subclass is live, unless it has a get() of its own", async () => {
  class Twice extends Counter<string> {
    override inc(): void {
      super.inc();
    }
    twice(): void {
      this.inc();
      this.inc();
    }
  }
  class Doubled extends Counter<string> {
    override async get(): ReturnType<promClient.Counter["get"]> {
      const metric = await super.get();
      return {
        ...metric,
        values: metric.values.map((each) => ({ ...each, value: 42 })),
      };
    }
  }
  const registry = new Registry();
  const registers = [registry];
  const twice = new Twice({ name: "twice_total", help: "t", registers });
  new Doubled({ name: "doubled_total", help: "d", registers });
  await withLive([registry], async ({ families, mirror }) => {
    twice.twice();
    assertEquals(families()[0].values[0], 2);
    assertEquals(mirror.notLive, [{
      name: "doubled_total",
      reason: "it must not have a get() of its own",
    }]);
    await refresh(mirror);
    assertEquals(families()[1].values[0], 42);
  });
});

test("what is no metric of a client is read when the mirror is refreshed", async () => {
  let n = 0;
  const values = [NaN, -Infinity, -0, 0.1, 1e300];
  const own = {
    name: "own",
    get: () => ({
      name: "own",
      help: "o",
      type: "gauge",
      values: values.map((value, row) => ({
        value: row === 3 ? value + n : value,
        labels: { row },
      })),
    }),
  };
  const registry = { getMetricsAsArray: () => [own] };
  await withLive([registry], async ({ families, mirror }) => {
    assertEquals(mirror.notLive.length, 1);
    await refresh(mirror);
    const [{ series, ...first }] = families();
    assertEquals(Array.from(first.values), values);
    n = 1;
    await refresh(mirror);
    const [second] = families();
    assertEquals(second.values[3], 1.1);
    assert(second.series.every((each, row) => each === series[row]));
    assertEquals(await write(families()), await writeGathered([registry]));
  });
});

test("a metric that lets nobody in is not half attached", async () => {
  const registry = new Registry();
  const registers = [registry];
  const make = (name: string) =>
    new Gauge({ name, help: "h", registers, collect: () => {} });
  const locked: Record<string, promClient.Gauge> = {
    collect: make("a"),
    [STORAGE]: make("b"),
  };
  for (const [name, gauge] of Object.entries(locked)) {
    Object.defineProperty(gauge, name, { configurable: false });
  }
  const gauges = Object.values(locked);
  const before = gauges.map(descriptorsOf);
  await withLive(registers, async ({ mirror, families }) => {
    assertEquals(gauges.map(descriptorsOf), before);
    assertEquals(mirror.notLive.length, 2);
    for (const gauge of gauges) gauge.set(1);
    await refresh(mirror);
    assertEquals(await write(families()), await writeGathered(registers));
  });
  assertEquals(gauges.map(descriptorsOf), before);
});

test("a store that can do more than is known is left alone", async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: "g", help: "g", registers: [registry] });
  const storage = (gauge as unknown as Any)[STORAGE] as object;
  Object.setPrototypeOf(
    storage,
    Object.create(Object.getPrototypeOf(storage), {
      has: { value: () => true },
    }),
  );
  await withLive([registry], ({ mirror }) => {
    assertEquals(mirror.notLive.length, 1);
    assertEquals((gauge as unknown as Any)[STORAGE], storage);
  });
});

test("a metric whose properties throw harms no other", async () => {
  const registry = new Registry();
  registry.registerMetric({
    name: "broken",
    labelNames: [],
    get type(): string {
      throw new Error("no type");
    },
  } as never);
  const gauge = new Gauge({ name: "g", help: "g", registers: [registry] });
  const before = descriptorsOf(gauge);
  await withLive([registry], async ({ mirror, families }) => {
    assertEquals(mirror.notLive, [{ name: "broken", reason: "no type" }]);
    gauge.set(7);
    assertEquals(families()[0].values[0], 7);
    const [failure] = await refresh(mirror);
    assertEquals(failure.collector, "broken");
  });
  assertEquals(descriptorsOf(gauge), before);
});

test("metrics that a registry makes again each time are read, and stay as they were until then", async () => {
  const names = ["a", "b"];
  let reads = 0;
  const registry = {
    getMetricsAsArray: () =>
      names.map((name) => ({
        name,
        type: "gauge",
        get: () =>
          Promise.resolve({
            name,
            help: "",
            type: "gauge",
            values: [{ value: ++reads }],
          }),
      })),
  } as unknown as ServedRegistry;
  await withLive([registry], async ({ mirror, families }) => {
    const read = () => families().map(({ name, values }) => [name, values[0]]);
    await refresh(mirror);
    assertEquals(read(), [["a", 1], ["b", 2]]);
    const refreshed = refresh(mirror);
    assertEquals(read(), [["a", 1], ["b", 2]]);
    await refreshed;
    assertEquals(read(), [["a", 3], ["b", 4]]);
    names[0] = "c";
    await refresh(mirror);
    assertEquals(read(), [["c", 5], ["b", 6]]);
  });
});

import { assert, assertEquals } from "@std/assert";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { live, refresh, withLive, write, writeGathered } from "./_live.ts";
import { gaugeOf, isUntouched } from "./_metrics.ts";

const { Counter, Gauge, Histogram, Registry, Summary } = client;

/** Runs a function while there is no more shared memory. */
function withoutMemory(run: () => void): void {
  const { SharedArrayBuffer } = globalThis;
  globalThis.SharedArrayBuffer = class {
    constructor() {
      throw new RangeError("Array buffer allocation failed");
    }
  } as unknown as typeof SharedArrayBuffer;
  try {
    run();
  } finally {
    globalThis.SharedArrayBuffer = SharedArrayBuffer;
  }
}

test("metrics that do not fit go on in the client's own storage", async () => {
  const registry = new Registry();
  const options = { labelNames: ["a"], registers: [registry], help: "h" };
  const long = "x".repeat(20_000);
  const metrics = {
    counter: new Counter({ name: "counter", ...options }),
    gauge: new Gauge({ name: "gauge", ...options }),
    histogram: new Histogram({ name: "histogram", ...options }),
  };
  const small = gaugeOf(registry, "small");
  small.set({ a: "1" }, 0);
  metrics.gauge.set({ a: "before" }, 1);
  await withLive([registry], async ({ families, mirror }) => {
    const { counter, gauge, histogram } = metrics;
    withoutMemory(() => {
      counter.inc({ a: long }, 1);
      gauge.set({ a: long }, 1);
      histogram.observe({ a: long }, 1);
      small.set({ a: "1" }, 2);
    });
    assertEquals(mirror.notLive.map(({ name }) => name), Object.keys(metrics));
    assertEquals(mirror.notLive[0].reason, "Array buffer allocation failed");
    for (const metric of Object.values(metrics)) assert(isUntouched(metric));
    counter.inc({ a: "1" }, 2);
    gauge.set({ a: "1" }, 2);
    histogram.observe({ a: "1" }, 2);
    // They are as they were; what still fits is live.
    assertEquals(
      families().map(({ name, values }) => [name, values.length]),
      [["counter", 0], ["gauge", 1], ["histogram", 0], ["small", 1]],
    );
    assertEquals(families().map(({ values }) => values[0])[1], 1);
    assertEquals(families().at(-1)!.values[0], 2);
    await refresh(mirror);
    assertEquals(await write(families()), await writeGathered([registry]));
  });
});

test("a frozen metric that does not fit counts on by itself", async () => {
  const registry = new Registry();
  const options = { labelNames: ["a"], registers: [registry], help: "h" };
  const counter = new Counter({ name: "counter", ...options });
  const histogram = new Histogram({ name: "histogram", ...options });
  const long = { a: "x".repeat(20_000) };
  await withLive([registry], async ({ mirror }) => {
    Object.freeze(counter);
    Object.freeze(histogram);
    withoutMemory(() => {
      counter.inc(long, 1);
      histogram.observe(long, 1);
    });
    assertEquals(mirror.notLive.length, 2);
    counter.inc(long, 1);
    counter.inc({ a: "1" }, 3);
    histogram.observe(long, 1);
    histogram.zero({ a: "1" });
    counter.remove({ a: "1" });
    counter.inc({ a: "1" }, 4);
    const { values } = await counter.get();
    assertEquals(values.map(({ value }) => value), [2, 4]);
    const { values: observed } = await histogram.get();
    assertEquals(observed[13].value, 2);
  });
  counter.inc(long, 1);
  const { values } = await counter.get();
  assertEquals(values.map(({ value }) => value), [3, 4]);
});

test("a new mirror does not show what was lost before", async () => {
  const registry = new Registry();
  const gauge = gaugeOf(registry);
  gauge.set({ a: "1" }, 1);
  await withLive([registry], async ({ families }) => {
    withoutMemory(() => gauge.set({ a: "x".repeat(20_000) }, 1));
    gauge.set({ a: "1" }, 2);
    assertEquals(families()[0].values[0], 1);
    await withLive([registry], async ({ families, mirror }) => {
      assertEquals(families(), []);
      await refresh(mirror);
      assertEquals(families()[0].values[0], 2);
    });
  });
});

test("a mirror without memory leaves the metrics alone", () => {
  const registry = new Registry();
  const gauge = gaugeOf(registry);
  let thrown: unknown;
  withoutMemory(() => {
    try {
      live(registry);
    } catch (error) {
      thrown = error;
    }
  });
  assert(thrown instanceof RangeError);
  assert(isUntouched(gauge));
  assert(!Object.hasOwn(registry, "registerMetric"));
  const { mirror, families } = live(registry);
  gauge.set({ a: "1" }, 1);
  assertEquals(families()[0].values[0], 1);
  mirror.close();
});

test("one label may be of any length, and a snapshot of any size", async () => {
  const registry = new Registry();
  const gauge = gaugeOf(registry);
  const summary = new Summary({
    name: "s",
    help: "s",
    labelNames: ["a"],
    registers: [registry],
  });
  await withLive([registry], async ({ families, mirror }) => {
    gauge.set({ a: "ü".repeat(3_000_000) }, 1);
    gauge.set({ a: "1" }, 2);
    for (let n = 0; n < 30; n++) {
      summary.observe({ a: `${n}`.repeat(100_000) }, n);
    }
    await refresh(mirror);
    assertEquals(mirror.notLive.map(({ name }) => name), ["s"]);
    assertEquals(await write(families()), await writeGathered([registry]));
  });
});

import { assert, assertEquals } from "@std/assert";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { withLive, write, writeGathered } from "./_live.ts";
import { gaugeOf, isUntouched } from "./_metrics.ts";

const { Counter, Gauge, Histogram, Registry } = client;

test("a metric of two registries has the default labels of each", async () => {
  const registries = [new Registry(), new Registry()];
  registries[0].setDefaultLabels({ zone: "one" });
  const gauge = new Gauge({
    name: "g",
    help: "g",
    labelNames: ["a"],
    registers: registries,
  });
  await withLive(registries, async ({ families }) => {
    gauge.set({ a: "1" }, 1);
    assertEquals(await write(families()), await writeGathered(registries));
    registries[1].setDefaultLabels({ zone: "two" });
    assertEquals(await write(families()), await writeGathered(registries));
    registries[0].removeSingleMetric("g");
    gauge.set({ a: "2" }, 2);
    assertEquals(await write(families()), await writeGathered(registries));
    registries[0].registerMetric(gauge);
    registries[1].clear();
    gauge.set({ a: "3" }, 3);
    assertEquals(await write(families()), await writeGathered(registries));
  });
  assert(isUntouched(gauge));
});

test("label sets may come and go without end", async () => {
  const registry = new Registry();
  const registers = [registry];
  const gauge = gaugeOf(registry);
  const histogram = new Histogram({
    name: "h",
    help: "h",
    labelNames: ["a"],
    registers,
  });
  await withLive(registers, async ({ families, mirror }) => {
    const turn = (n: number) => {
      const labels = { a: `connection ${n}` };
      gauge.set(labels, n);
      histogram.observe(labels, n);
      if (n < 100) return;
      const gone = { a: `connection ${n - 100}` };
      gauge.remove(gone);
      histogram.remove(gone);
    };
    for (let n = 0; n < 2_000; n++) turn(n);
    families();
    const { total } = mirror.size;
    for (let n = 2_000; n < 50_000; n++) turn(n);
    assertEquals(mirror.size.total, total);
    assertEquals(families()[0].series.length, 100);
    assertEquals(await write(families()), await writeGathered(registers));
    for (let n = 0; n < 10_000; n++) {
      gauge.reset();
      gauge.set({ a: String(n) }, n);
    }
    assertEquals(mirror.size.total, total);
    assertEquals(await write(families()), await writeGathered(registers));
  });
});

test("labels in any form read as the client writes them", async () => {
  const registry = new Registry();
  const counter = new Counter({
    name: "c_total",
    help: 'c "quoted" \\ \n',
    labelNames: ["a", "__proto__"],
    registers: [registry],
  });
  await withLive([registry], async ({ families }) => {
    const values = [1, true, null, "\ud800", "😀", 'a"\\\n', [1, 2]];
    for (const a of values) counter.inc({ a } as never);
    counter.inc(JSON.parse('{"__proto__": "p"}'));
    counter.inc({ a: undefined } as never, 5);
    assertEquals(await write(families()), await writeGathered([registry]));
  });
});

test("what a subclass removes is removed, and so is what a borrowed method does", async () => {
  class Evicting extends Gauge<string> {
    evict(a: string): void {
      super.remove({ a });
    }
  }
  const registry = new Registry();
  const { remove } = Gauge.prototype;
  const gauge = new Evicting({
    name: "g",
    help: "g",
    labelNames: ["a"],
    registers: [registry],
  });
  await withLive([registry], async ({ families }) => {
    for (const a of ["1", "2", "3"]) gauge.set({ a }, 1);
    gauge.evict("1");
    Gauge.prototype.remove.call(gauge, { a: "2" });
    assertEquals(await write(families()), await writeGathered([registry]));
    gauge.set({ a: "1" }, 42);
    assertEquals(await write(families()), await writeGathered([registry]));
  });
  assertEquals(Gauge.prototype.remove, remove);
});

test("what get() has yielded keeps its values when label sets go", async () => {
  const registry = new Registry();
  const registers = [registry];
  const options = { help: "h", labelNames: ["a"], registers };
  const counter = new Counter({ name: "c", ...options });
  const other = new Gauge({ name: "other", ...options });
  const held: { value: number }[][] = [];
  const hold = async () => {
    counter.inc({ a: "1" }, 5);
    held.push((await counter.get()).values);
  };
  const overwrite = () => {
    for (let n = 0; n < 50; n++) other.set({ a: String(n) }, 777);
  };
  await withLive([], async () => {
    await withLive(registers, async ({ families }) => {
      await hold();
      counter.remove({ a: "1" });
      overwrite();
      await hold();
      counter.reset();
      other.reset();
      overwrite();
      await hold();
      for (const [each] of held) each.value += 0.5;
      const values = Array.from(families()[1].values);
      assert(values.every((value) => value === 777));
    });
    const others = new Registry();
    await withLive([others], () => {
      const gauge = new Gauge({ name: "g", ...options, registers: [others] });
      for (let n = 0; n < 50; n++) gauge.set({ a: String(n) }, 777);
      assertEquals(held.map(([{ value }]) => value), [5.5, 5.5, 5.5]);
    });
  });
});

test("attaching finds label sets whose labels were changed meanwhile", async () => {
  const make = () => {
    const registry = new Registry();
    registry.setDefaultLabels({ zone: "z" });
    const counter = new Counter({
      name: "c",
      help: "c",
      labelNames: ["a"],
      registers: [registry],
    });
    return { registry, counter };
  };
  const [mirrored, untouched] = [make(), make()];
  for (const { registry, counter } of [mirrored, untouched]) {
    counter.inc();
    counter.inc({ a: "1" });
    // The client writes the default labels into what it keeps.
    await registry.getMetricsAsJSON();
  }
  await withLive([mirrored.registry], async ({ mirror }) => {
    assertEquals(mirror.notLive, []);
    for (const { counter } of [mirrored, untouched]) {
      counter.inc();
      counter.inc({ a: "1" });
    }
    assertEquals(
      await mirrored.registry.metrics(),
      await untouched.registry.metrics(),
    );
  });
});

test("label sets whose labels the application has changed are counted on", async () => {
  const registry = new Registry();
  const labels = { a: "1" };
  const counter = new Counter({
    name: "c",
    help: "c",
    labelNames: ["a"],
    registers: [registry],
  });
  counter.inc(labels, 1);
  labels.a = "2";
  counter.inc(labels, 10);
  await withLive([registry], () => {
    counter.inc({ a: "1" }, 100);
    counter.inc({ a: "2" }, 1000);
  });
  const { values } = await counter.get();
  assertEquals(values.map(({ value }) => value), [101, 1010]);
});

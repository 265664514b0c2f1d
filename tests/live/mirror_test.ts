import { assert, assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import { OPENMETRICS_1_0_0 } from "../../src/exposition/format.ts";
import type { Registry } from "../../src/types.ts";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { live, refresh, withLive, write, writeGathered } from "./_live.ts";

const { Counter, Gauge, Histogram, Registry, Summary } = client;

/** The property in which the client stores label sets. */
function storageOf(metric: object): PropertyDescriptor {
  return Object.getOwnPropertyDescriptor(metric, "hashMap") ??
    Object.getOwnPropertyDescriptor(metric, "store")!;
}

/** Tells whether nothing is left of a mirror. */
function isUntouched(metric: object): boolean {
  return "value" in storageOf(metric) &&
    !Object.hasOwn(metric, "updateExemplar");
}

function gaugeOf(registry: Registry, name = "g"): promClient.Gauge {
  return new Gauge({
    name,
    help: name,
    labelNames: ["a"],
    registers: [registry as promClient.Registry],
  });
}

test("two mirrors of one registry both see every update, and so does the one that is left", async () => {
  const registry = new Registry();
  const gauge = gaugeOf(registry);
  const [first, second] = [live(registry), live(registry)];
  gauge.set({ a: "1" }, 1);
  const expected = await writeGathered([registry]);
  assertEquals(await write(first.families()), expected);
  assertEquals(await write(second.families()), expected);
  first.mirror.close();
  assert(!isUntouched(gauge));
  gauge.set({ a: "2" }, 2);
  gaugeOf(registry, "later").set({ a: "3" }, 3);
  assertEquals(await write(second.families()), await writeGathered([registry]));
  second.mirror.close();
  assert(isUntouched(gauge));
  assert(!Object.hasOwn(registry, "registerMetric"));
  assertEquals(gauge.get instanceof Function, true);
});

test("a mirror that is closed twice leaves another one's metrics alone", () => {
  const registry = new Registry();
  const gauge = gaugeOf(registry);
  const [first, second] = [live(registry), live(registry)];
  first.mirror.close();
  first.mirror.close();
  gauge.set({ a: "1" }, 1);
  assertEquals(second.families()[0].values[0], 1);
  second.mirror.close();
});

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

test("a metric that is made while it is mirrored is live from its first value on", async () => {
  const registry = new Registry();
  const registers = [registry];
  await withLive([registry], async ({ families, mirror }) => {
    const options = (name: string) => ({ name, help: name, registers });
    new Counter(options("counter_total"));
    const counter = new Counter(options("other_total"));
    const gauge = new Gauge(options("gauge"));
    const histogram = new Histogram(options("histogram"));
    assertEquals(await write(families()), await writeGathered(registers));
    counter.inc(3);
    gauge.set(-1);
    histogram.observe(0.3);
    assertEquals(await write(families()), await writeGathered(registers));
    assertEquals(mirror.notLive, []);
    assertEquals(
      Object.keys(counter),
      Object.keys(new Counter({ ...options("x"), registers: [] })),
    );
  });
});

test("a metric whose constructor throws harms no other", async () => {
  const registry = new Registry();
  await withLive([registry], async ({ families, mirror }) => {
    try {
      new Histogram({
        name: "broken",
        help: "le is reserved",
        labelNames: ["le"],
        registers: [registry],
      });
    } catch {
      // It is registered nonetheless.
    }
    gaugeOf(registry).set({ a: "1" }, 1);
    await refresh(mirror);
    assertEquals(families().at(-1)!.values[0], 1);
  });
});

test("a name that is taken is refused as before", () => {
  const registry = new Registry();
  gaugeOf(registry);
  const { mirror, families } = live(registry);
  let thrown: unknown;
  try {
    gaugeOf(registry);
  } catch (error) {
    thrown = error;
  }
  assert(thrown instanceof Error && thrown.message.includes("already"));
  assertEquals(families().length, 1);
  mirror.close();
});

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

for (const kind of ["synchronous", "asynchronous"]) {
  test(`what a ${kind} collector resets is never seen half done, whoever runs it`, async () => {
    const registry = new Registry();
    const halfDone: number[] = [];
    const look = () => {
      const { families: [{ series }], late } = reader.read();
      halfDone.push(series.length, late);
    };
    const gauge = new Gauge({
      name: "g",
      help: "g",
      labelNames: ["a"],
      registers: [registry],
      collect() {
        this.reset();
        look();
        const set = () => {
          this.set({ a: "1" }, 1);
          look();
          this.set({ a: "2" }, 2);
        };
        return kind === "synchronous" ? set() : Promise.resolve().then(set);
      },
    });
    gauge.set({ a: "1" }, 10);
    gauge.set({ a: "2" }, 20);
    const { mirror, reader, families } = live(registry);
    const [{ series }] = families();
    const { collect } = gauge as unknown as { collect: unknown };
    for (const run of [() => refresh(mirror), () => registry.metrics()]) {
      await run();
      const [family] = families();
      assertEquals(Array.from(family.values), [1, 2]);
      // The same series again: what is known of them is known still.
      assert(series.every((each, row) => family.series[row] === each));
    }
    assertEquals(halfDone, [2, 1, 2, 1, 2, 1, 2, 1]);
    mirror.close();
    assert((gauge as unknown as { collect: unknown }).collect !== collect);
  });
}

test("a collector that fails or hangs costs nobody else", async () => {
  const registry = new Registry();
  const registers = [registry];
  const failing = new Gauge({
    name: "failing",
    help: "f",
    registers,
    collect() {
      throw new Error("no luck");
    },
  });
  failing.set(1);
  new Summary({
    name: "hanging",
    help: "h",
    registers,
    collect: () => new Promise<void>(() => {}),
  });
  const summary = new Summary({ name: "summary", help: "s", registers });
  summary.observe(1);
  await withLive(registers, async ({ reader, mirror }) => {
    let isDone = false;
    refresh(mirror).then(() => isDone = true);
    await waitUntil(20_000, "the others are there", () => {
      const { families, failures } = reader.read();
      assertEquals(failures, []);
      return `${families.map(({ name }) => name)}` === "failing,summary";
    });
    registry.removeSingleMetric("hanging");
    const [failure] = await refresh(mirror);
    assertEquals(failure.collector, "failing");
    // The first one, which asked for it, still waits.
    assert(!isDone);
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

test("exemplars are read live, and are the client's own", async () => {
  const registry = new Registry() as promClient.Registry<
    promClient.OpenMetricsContentType
  >;
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers = [registry];
  const options = { labelNames: ["a"], registers, enableExemplars: true };
  const counter = new Counter({ name: "c_total", help: "c", ...options });
  const histogram = new Histogram({
    name: "h",
    help: "h",
    ...options,
    buckets: [1, 2],
  });
  const labels = { a: "1" };
  const observe = (value: number, trace: string) =>
    histogram.observe({ labels, value, exemplarLabels: { trace } });
  counter.inc({ labels, value: 1, exemplarLabels: { trace: "before" } });
  observe(1, "before");
  await withLive(registers, async ({ families }) => {
    const isSame = async () =>
      assertEquals(
        await write(families(), OPENMETRICS_1_0_0),
        await writeGathered(registers, OPENMETRICS_1_0_0),
      );
    await isSame();
    counter.inc({ labels, value: 2, exemplarLabels: { trace: "ünï" } });
    counter.inc({ labels, value: 2 });
    counter.inc({ labels: { a: "2" }, exemplarLabels: { trace: "new" } });
    observe(1, "again");
    observe(2, "second");
    observe(3, "above");
    histogram.observe({ labels: { a: "2" }, value: 1 });
    await isSame();
    assertEquals(families()[1].exemplars!.size, 3);
    let thrown: unknown;
    try {
      observe(1, "x".repeat(200));
    } catch (error) {
      thrown = error;
    }
    assert(thrown instanceof RangeError);
    await isSame();
    histogram.zero(labels);
    await isSame();
    observe(1, "after zero");
    counter.remove(labels);
    await isSame();
    counter.reset();
    await isSame();
  });
  assert(isUntouched(counter) && isUntouched(histogram));
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

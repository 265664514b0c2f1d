import { assert, assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import { Mirror } from "../../src/live/mirror.ts";
import { LiveReader } from "../../src/live/reader.ts";
import { client, clientName } from "../_client.ts";
import { test } from "../_suite.ts";
import { live, refresh, withLive, write, writeGathered } from "./_live.ts";

const { Counter, Gauge, Histogram, Registry } = client;

/** The property in which the client stores label sets. */
const STORAGE = clientName === "prom-client" ? "hashMap" : "store";

type Any = Record<string, unknown>;

function descriptorsOf(object: object): unknown {
  const all = Object.getOwnPropertyDescriptors(object) as Record<
    string,
    PropertyDescriptor
  >;
  return Object.entries(all).map(([name, { get, set, ...rest }]) => [
    name,
    [get, set],
    { ...rest, value: typeof rest.value },
  ]);
}

function labelledCounter(registry: promClient.Registry): promClient.Counter {
  return new Counter({
    name: "c",
    help: "c",
    labelNames: ["n"],
    registers: [registry],
  });
}

/** Waits until the event loop has turned. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

test("a metric that one of its registries refuses keeps nobody from turning", async () => {
  const registries = [new Registry(), new Registry()];
  const options = { name: "c", help: "h" };
  new Counter({ ...options, registers: [registries[1]] });
  const make = () => {
    try {
      new Counter({ ...options, registers: registries });
    } catch {
      // The second registry has one of that name.
    }
  };
  make();
  await withLive([registries[0]], async ({ mirror }) => {
    registries[0].clear();
    make();
    await turn();
    await refresh(mirror);
    assertEquals(mirror.notLive.map(({ name }) => name), ["c"]);
  });
});

test("an object without a type is no metric that is being made", async () => {
  const own = {
    name: "own",
    labelNames: [],
    get: () => ({ name: "own", help: "h", type: "gauge", values: [] }),
  };
  const frozen = { ...own, name: "frozen" };
  const registry = new Registry();
  await withLive([registry], async ({ mirror }) => {
    registry.registerMetric(own as never);
    registry.registerMetric(frozen as never);
    Object.freeze(frozen);
    await turn();
    assertEquals(await refresh(mirror), []);
    assertEquals(mirror.notLive.map(({ name }) => name), ["own", "frozen"]);
    assert(!("type" in own));
  });
});

test("a type that a subclass defines is its own", async () => {
  class Odd extends Gauge<string> {
    readonly type = "gauge";
  }
  const registry = new Registry();
  await withLive([registry], async ({ families }) => {
    const odd = new Odd({ name: "odd", help: "h", registers: [registry] });
    await turn();
    assertEquals(odd.type, "gauge");
    odd.set(3);
    assertEquals(families()[0].values[0], 3);
  });
});

test("closing leaves what the application has put in place meanwhile", () => {
  const registry = new Registry();
  const calls: string[] = [];
  const collect = () => {};
  const gauge = new Gauge({
    name: "g",
    help: "g",
    registers: [registry],
    collect,
  }) as unknown as Any;
  const { mirror } = live(registry);
  const spy = (target: Any, name: string) => {
    const method = target[name] as (...given: unknown[]) => unknown;
    target[name] = function (...given: unknown[]) {
      calls.push(name);
      return method.apply(this, given);
    };
  };
  spy(registry as unknown as Any, "registerMetric");
  spy(gauge, "remove");
  spy(gauge, "collect");
  mirror.close();
  new Gauge({ name: "other", help: "o", registers: [registry] });
  (gauge.remove as () => void)();
  (gauge.collect as () => void)();
  assertEquals(calls, ["registerMetric", "remove", "collect"]);
});

test("what observes a histogram without labels counts, whoever keeps or wraps it", async () => {
  const registry = new Registry();
  const make = (name: string) =>
    new Histogram({ name, help: "h", buckets: [1], registers: [registry] });
  const kept = make("kept");
  const wrapped = make("wrapped");
  const untouched = kept.observe;
  let calls = 0;
  type Observe = (this: promClient.Histogram, ...given: unknown[]) => void;
  const wrap = (histogram: promClient.Histogram) => {
    const observe = histogram.observe as Observe;
    histogram.observe = function (this: promClient.Histogram, ...given) {
      calls++;
      observe.apply(this, given);
    } as Observe;
  };
  wrap(wrapped);
  const { mirror, families } = live(registry);
  const later = make("later");
  const observed = () => families().map(({ values }) => Array.from(values));
  const observe = kept.observe as Observe;
  const own = later.observe as Observe;
  // Both are counted directly: a client that says it otherwise would lose that.
  for (const { observe, observeWithoutExemplar } of [kept, later] as never[]) {
    assert(observe !== observeWithoutExemplar, "it is observed the long way");
    assertEquals((observe as Observe).name, "observeWithoutExemplar");
  }
  wrap(later);
  const all = [kept, wrapped, later];
  for (const each of all) {
    each.observe(2);
    each.reset();
    each.observe(0.5);
    each.labels({}).observe(3);
    each.startTimer()();
    each.observe({} as never, 1);
  }
  const sums = observed().map(([upToOne, count, sum]) => {
    assertEquals([upToOne, count], [3, 4]);
    return sum;
  });
  assertEquals(calls, 2 * 4);
  mirror.close();
  assertEquals(kept.observe, untouched);
  // Functions that were taken meanwhile count where the values are now.
  observe.call(kept, 1);
  own.call(later, 1);
  wrapped.observe(1);
  later.observe(1);
  for (const [i, each] of all.entries()) {
    const { values } = await each.get();
    const added = each === later ? 2 : 1;
    const [upToOne, count, sum] = [
      values.find(({ labels }) => labels.le === 1)!,
      values.find(({ labels }) => labels.le === "+Inf")!,
      values.find(({ metricName = "" }) => metricName.endsWith("_sum"))!,
    ].map(({ value }) => value);
    assertEquals([upToOne, count], [3 + added, 4 + added]);
    assert(Math.abs(sum - sums[i] - added) < 1e-9, `${sum} after ${sums[i]}`);
  }
  // It is no method of another object, as it never was.
  const other = make("other");
  const again = live(registry);
  (other.observe as Observe).call(wrapped, 1);
  assertEquals(again.families().map(({ values }) => values[1]), [5, 6, 6, 0]);
  again.mirror.close();
});

test("what is observed while a histogram removes counts", async () => {
  class Restarting extends Histogram<string> {
    override remove(): void {
      super.remove();
      this.observe(2);
    }
  }
  const { prototype } = Histogram;
  const { remove } = prototype;
  const registry = new Registry();
  const options = { help: "h", buckets: [1], registers: [registry] };
  prototype.remove = function (...labels: [never]) {
    remove.apply(this, labels);
    this.zero({});
  };
  try {
    const zeroed = new Histogram({ name: "zeroed", ...options });
    const restarting = new Restarting({ name: "restarting", ...options });
    await withLive([registry], async ({ families }) => {
      for (const histogram of [zeroed, restarting]) {
        histogram.observe(0.5);
        histogram.remove();
        histogram.observe(0.5);
        histogram.labels({}).observe(0.5);
      }
      assertEquals(
        families().map(({ values }) => Array.from(values)),
        [[2, 2, 1], [2, 3, 3]],
      );
      assertEquals(await write(families()), await writeGathered([registry]));
    });
  } finally {
    prototype.remove = remove;
  }
});

test("a registry that is frozen while it is mirrored lets go", () => {
  const registries = [new Registry(), new Registry()];
  const gauges = registries.map((registry) =>
    new Gauge({ name: "g", help: "g", registers: [registry] })
  );
  const before = gauges.map(descriptorsOf);
  const { mirror } = live(...registries);
  Object.freeze(registries[0]);
  mirror.close();
  assertEquals(gauges.map(descriptorsOf), before);
  assertEquals(Object.getOwnPropertyNames(registries[1]).length, 4);
  const again = live(...registries);
  gauges[0].set(1);
  assertEquals(again.families()[0].values[0], 1);
  again.mirror.close();
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

test("registries that are mirrored twice, or fail, keep nothing attached", async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: "g", help: "g", registers: [registry] });
  const before = descriptorsOf(gauge);
  const failing = {
    getMetricsAsArray() {
      throw new Error("no luck");
    },
  };
  const errors: unknown[] = [];
  const mirror = new Mirror({
    registries: [registry, failing, registry],
    onError: (error) => errors.push(error),
  });
  const reader = new LiveReader(mirror.handOver(() => {}));
  gauge.set(7);
  assertEquals(reader.read().families.map(({ values }) => values[0]), [7]);
  mirror.refresh();
  await turn();
  mirror.close();
  assertEquals(errors.map(String), ["Error: no luck", "Error: no luck"]);
  assertEquals(descriptorsOf(gauge), before);
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

test("who cannot be handed more memory costs no metric its place", async () => {
  const registry = new Registry();
  const counter = labelledCounter(registry);
  const errors: unknown[] = [];
  const mirror = new Mirror({
    registries: [registry],
    onError: (error) => errors.push(error),
  });
  mirror.handOver(() => {
    throw new Error("the port is closed");
  });
  await withLive([registry], async ({ families }) => {
    for (let n = 0; n < 10_000; n++) counter.inc({ n });
    assertEquals(await write(families()), await writeGathered([registry]));
  });
  assert(errors.length > 0);
  assertEquals(mirror.notLive, []);
  mirror.close();
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

test("exemplars need no more than a truthy option", async () => {
  const registry = new Registry() as promClient.Registry<
    promClient.OpenMetricsContentType
  >;
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  await withLive([registry], async ({ mirror, families }) => {
    const counter = new Counter({
      name: "c",
      help: "c",
      enableExemplars: 1 as never,
      registers: [registry],
    });
    (counter as unknown as Any).help = "changed";
    await refresh(mirror);
    counter.inc({ exemplarLabels: { trace: "t" } });
    const [{ help, values, exemplars }] = families();
    assertEquals([help, values[0], exemplars!.size], ["changed", 1, 1]);
  });
});

test("a closed mirror shows nothing, whoever else mirrors", () => {
  const registries = [new Registry(), new Registry()];
  for (const registry of registries) {
    new Gauge({ name: "g", help: "g", registers: [registry] }).set(1);
  }
  const [closed, open] = registries.map((registry) => live(registry));
  assertEquals(closed.families().length, 1);
  closed.mirror.close();
  assertEquals(closed.families(), []);
  const third = live(registries[1]);
  assertEquals(closed.families(), []);
  assertEquals(third.families().length, 1);
  third.mirror.close();
  open.mirror.close();
  assertEquals(open.families(), []);
});

test("memory that has not arrived is not waited for, and families say that they are late", () => {
  const registry = new Registry();
  const gauges = Array.from(
    { length: 100 },
    (_, n) =>
      new Gauge({
        name: `g${n}`,
        help: "g",
        labelNames: ["a"],
        registers: [registry],
      }),
  );
  const mirror = new Mirror({ registries: [registry], onError() {} });
  const chunks: Parameters<LiveReader["add"]>[0][] = [];
  const reader = new LiveReader(mirror.handOver((chunk) => chunks.push(chunk)));
  for (const gauge of gauges) gauge.set({ a: "0" }, 1);
  const { families } = reader.read();
  assert(families.length > 0);
  for (const gauge of gauges) {
    for (let n = 0; n < 200; n++) gauge.set({ a: String(n) }, 2);
  }
  const { wait } = Atomics;
  let waits = 0;
  Object.assign(Atomics, { wait: () => void waits++ });
  try {
    const { families: before, late } = reader.read();
    assert(late > 0 && before.length >= families.length);
  } finally {
    Object.assign(Atomics, { wait });
  }
  assertEquals(waits, 0);
  for (const chunk of chunks) reader.add(chunk);
  const read = reader.read();
  assertEquals([read.late, read.families.length], [0, 100]);
  assert(read.families.every(({ series }) => series.length === 200));
  mirror.close();
});

test("timers, and the time of day, are read live", async () => {
  const registry = new Registry();
  const options = { help: "h", labelNames: ["a"], registers: [registry] };
  const gauge = new Gauge({ name: "g", ...options });
  const histogram = new Histogram({ name: "h", ...options });
  const timers = [histogram.startTimer({ a: "1" }), gauge.startTimer()];
  const child = gauge.labels("now");
  await withLive([registry], async ({ families }) => {
    for (const end of [...timers, histogram.labels("2").startTimer()]) end();
    child.setToCurrentTime();
    assertEquals(families().map(({ series }) => series.length), [2, 2]);
    assertEquals(await write(families()), await writeGathered([registry]));
  });
});

test("a metric that takes the address of another is never taken for that", async () => {
  const registry = new Registry();
  const counter = new Counter({ name: "x", help: "x", registers: [registry] });
  counter.inc(7);
  await withLive([registry], ({ mirror, families, reader }) => {
    assertEquals(families().map(({ name }) => name), ["x"]);
    registry.clear();
    new Gauge({
      name: "y",
      help: "y",
      registers: [registry],
      collect(): Promise<void> {
        this.reset();
        return new Promise(() => {});
      },
    });
    mirror.refresh();
    // It was reset and not yet set: there is nothing of it to be seen.
    const { families: read, late } = reader.read();
    assertEquals([read, late], [[], 1]);
  });
});

test("families are in the order of the registries, whatever came first", async () => {
  const registries = [new Registry(), new Registry()];
  await withLive(registries, async ({ families }) => {
    const options = { help: "h" };
    new Counter({ name: "b", ...options, registers: [registries[1]] });
    new Counter({ name: "c", ...options, registers: registries.toReversed() });
    new Counter({ name: "d", ...options, registers: [registries[0]] });
    assertEquals(await write(families()), await writeGathered(registries));
  });
});

test("an object that is frozen before it has a type says so", async () => {
  const registry = new Registry();
  const metric: Any = { name: "m", labelNames: [], get: () => ({}) };
  await withLive([registry], async () => {
    registry.registerMetric(metric as never);
    Object.freeze(metric);
    let thrown: unknown;
    try {
      metric.type = "gauge";
    } catch (error) {
      thrown = error;
    }
    assert(thrown instanceof TypeError);
    await turn();
  });
});

test("memory is handed over for as long as somebody wants it", () => {
  const registry = new Registry();
  const counter = labelledCounter(registry);
  const { mirror } = live(registry);
  const controller = new AbortController();
  let chunks = 0;
  const count = () => chunks++;
  const grow = (from: number) => {
    for (let n = from; n < from + 3_000; n++) counter.inc({ n });
  };
  mirror.handOver(count, controller.signal);
  grow(0);
  const before = chunks;
  assert(before > 0);
  controller.abort();
  grow(3_000);
  mirror.close();
  mirror.handOver(count);
  const other = live(registry);
  grow(6_000);
  assertEquals(chunks, before);
  other.mirror.close();
});

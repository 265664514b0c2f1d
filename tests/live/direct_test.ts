import { assert, assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import type { Registry } from "../../src/types.ts";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { live, withLive, write, writeGathered } from "./_live.ts";
import { type Any, descriptorsOf } from "./_metrics.ts";

const { Counter, Gauge, Histogram } = client;

const LABELS = { a: "1", b: "2" };

interface Metrics {
  readonly registry: promClient.Registry;
  readonly counter: promClient.Counter;
  readonly gauge: promClient.Gauge;
  readonly histogram: promClient.Histogram;
}

function make(registry = new client.Registry(), prefix = ""): Metrics {
  const options = (name: string) => ({
    name: prefix + name,
    help: name,
    labelNames: ["a", "b"],
    registers: [registry],
  });
  return {
    registry,
    counter: new Counter(options("c_total")),
    gauge: new Gauge(options("g")),
    histogram: new Histogram({ ...options("h"), buckets: [1, 2] }),
  };
}

/** Updates each metric in each way, twice: the second time it is known. */
function update({ counter, gauge, histogram }: Metrics, labels: object): void {
  for (let n = 0; n < 2; n++) {
    counter.inc(labels);
    counter.inc(labels, 2);
    gauge.set(labels, 7);
    gauge.inc(labels);
    gauge.dec(labels, 3);
    histogram.observe(labels, 1.5);
    counter.labels(labels).inc();
    gauge.labels(labels).dec();
    histogram.labels(labels).observe(3);
    histogram.labels("1", "2").observe(0.5);
  }
}

/** Whether each method that updates is another one than the client's. */
function areReplaced({ counter, gauge, histogram }: Metrics): boolean[] {
  const { prototype } = Gauge as unknown as { prototype: Any };
  return [
    (counter as unknown as Any).incWithoutExemplar !== counter.inc,
    ...["set", "inc", "dec"].map((name) =>
      Reflect.get(gauge, name) !== prototype[name]
    ),
    (histogram as unknown as Any).observeWithoutExemplar !== histogram.observe,
    histogram.labels !== Histogram.prototype.labels,
  ];
}

async function requireSame(
  families: () => Parameters<typeof write>[0],
  registry: Registry,
): Promise<void> {
  assertEquals(await write(families()), await writeGathered([registry]));
}

test("updates go past the client's functions, in metrics made before and after", async () => {
  const before = make();
  const untouched = make();
  const own = [before.counter, before.gauge, before.histogram];
  const descriptors = own.map(descriptorsOf);
  const { mirror, families } = live(before.registry);
  const after = make(before.registry, "later_");
  for (const metrics of [before, after]) {
    assertEquals(areReplaced(metrics), areReplaced(metrics).map(() => true));
    const { counter, gauge, histogram } = metrics;
    const [inc, observe] = [counter.inc, histogram.observe] as unknown as {
      name: string;
      length: number;
    }[];
    assertEquals([inc.name, inc.length], ["incWithoutExemplar", 2]);
    assertEquals([observe.name, observe.length], ["observeWithoutExemplar", 2]);
    assertEquals([gauge.set.name, gauge.set.length], ["set", 2]);
    assertEquals(Object.keys(gauge), Object.keys(untouched.gauge));
    assertEquals(Object.keys(histogram), Object.keys(untouched.histogram));
    assertEquals(
      Object.keys(counter.labels(LABELS)),
      Object.keys(untouched.counter.labels(LABELS)),
    );
    update(metrics, LABELS);
  }
  update(untouched, LABELS);
  assertEquals(
    await before.counter.get(),
    await untouched.counter.get(),
  );
  assertEquals(await before.gauge.get(), await untouched.gauge.get());
  assertEquals(await before.histogram.get(), await untouched.histogram.get());
  await requireSame(families, before.registry);
  mirror.close();
  assertEquals(own.map(descriptorsOf), descriptors);
  assertEquals(areReplaced(after), areReplaced(untouched));
});

test("children that are kept count in the metric that is there", async () => {
  const metrics = make();
  const { registry, counter, gauge, histogram } = metrics;
  const children: (() => void)[] = [];
  const keep = () => {
    const [c, g, h] = [counter, gauge, histogram].map((each) =>
      each.labels(LABELS)
    ) as never as [
      promClient.Counter.Internal,
      promClient.Gauge.Internal<string>,
      promClient.Histogram.Internal<string>,
    ];
    children.push(() => c.inc(), () => g.inc(), () => h.observe(1.5));
  };
  const count = () => {
    for (let n = 0; n < 2; n++) for (const child of children) child();
  };
  let updates = 0;
  const requireCounted = async (text: Promise<string>) => {
    updates += 2 * (children.length / 3);
    const samples = [`c_total`, "g", "h_count"].map((name) =>
      `${name}{a="1",b="2"} ${updates}`
    );
    const lines = (await text).split("\n");
    assertEquals(samples.filter((each) => lines.includes(each)), samples);
  };
  keep();
  for (let turn = 0; turn < 2; turn++) {
    await withLive([registry], async ({ families }) => {
      keep();
      count();
      await requireCounted(write(families()));
      counter.remove(LABELS);
      gauge.reset();
      histogram.remove("1", "2");
      updates = 0;
      count();
      await requireCounted(write(families()));
    });
    count();
    await requireCounted(writeGathered([registry]));
  }
});

test("a method that somebody has put in place is called", async () => {
  class Loud extends Gauge<string> {
    override set(labels: unknown, value?: unknown): void {
      calls.push("subclass");
      super.set(labels as never, value as never);
    }
  }
  const calls: string[] = [];
  const { registry, counter, gauge, histogram } = make();
  const loud = new Loud({
    name: "loud",
    help: "l",
    labelNames: ["a", "b"],
    registers: [registry],
  });
  type AnyMethod = (this: unknown, ...given: unknown[]) => unknown;
  const patch = (target: object, name: string, method?: AnyMethod) => {
    const patched = method ?? Reflect.get(target, name) as AnyMethod;
    Reflect.set(target, name, function (this: unknown, ...given: unknown[]) {
      calls.push(name);
      return patched.apply(this, given);
    });
    return () => Reflect.set(target, name, patched);
  };
  await withLive([registry], async ({ families }) => {
    for (let n = 0; n < 2; n++) gauge.set(LABELS, 1);
    const restores = [
      patch(counter, "inc"),
      patch(histogram, "observe"),
      patch(Gauge.prototype, "set"),
      patch(Histogram.prototype, "labels"),
    ];
    try {
      for (let n = 0; n < 2; n++) {
        loud.set(LABELS as never, 3 as never);
        gauge.set(LABELS, 2);
        counter.inc(LABELS);
        histogram.observe(LABELS, 1);
        histogram.labels(LABELS).observe(1);
        const each = ["subclass", "set", "set", "inc", "observe", "labels"];
        assertEquals(calls.splice(0), each);
      }
    } finally {
      for (const restore of restores) restore();
    }
    await requireSame(families, registry);
  });
});

test("what a client refuses, it refuses in its own words", async () => {
  const [mirrored, untouched] = [make(), make()];
  await withLive([mirrored.registry], async ({ families }) => {
    const messages = [mirrored, untouched].map((metrics) => {
      const { counter, gauge, histogram } = metrics;
      update(metrics, LABELS);
      const odd: (() => unknown)[] = [
        ...[-1, NaN, Infinity, "1", {}, 1n].flatMap((value) => [
          () => counter.inc(LABELS, value as never),
          () => counter.labels(LABELS).inc(value as never),
        ]),
        ...[undefined, "1", null, {}].flatMap((value) => [
          () => gauge.set(LABELS, value as never),
          () => gauge.labels(LABELS).set(value as never),
        ]),
        ...[undefined, "1", null, NaN, -Infinity].flatMap((value) => [
          () => histogram.observe(LABELS, value as never),
          () => histogram.labels(LABELS).observe(value as never),
        ]),
        () => counter.inc({ ...LABELS, c: "3" } as never),
        () => gauge.set({ ...LABELS, c: "3" } as never, 1),
        () => histogram.observe({ a: "1", c: "3" } as never, 1),
        () => histogram.labels("1"),
      ];
      return odd.map((call) => {
        try {
          // A client takes NaN for a number here and there.
          return call();
        } catch (error) {
          return String(error);
        }
      });
    });
    assertEquals(messages[0], messages[1]);
    await requireSame(families, untouched.registry);
  });
});

test("label sets that are one to the client are one", async () => {
  const pairs = [
    [{ a: "1,b:2", b: "3" }, { a: "1", b: "2,b:3" }],
    [{ a: "p|q", b: "r" }, { a: "p", b: "q|r" }],
    [{ a: 1, b: 2 }, { b: "2", a: "1" }],
    [{ a: 0, b: -0 }, { a: "0", b: "0" }],
  ];
  const [mirrored, untouched] = [make(), make()];
  await withLive([mirrored.registry], async ({ families }) => {
    for (const pair of pairs) {
      for (let n = 0; n < 6; n++) {
        for (const metrics of [mirrored, untouched]) {
          for (const labels of pair) {
            // Knowledge of the one must not be taken for the other.
            const { gauge } = metrics;
            gauge.set({ ...labels }, n);
            if (n % 3 === 0) gauge.inc({ ...pair[0] });
            if (n % 2 === 0) gauge.set({ ...pair[0] }, 10 * n);
            metrics.counter.inc({ ...labels });
            metrics.histogram.observe({ ...labels }, n);
          }
        }
        await requireSame(families, untouched.registry);
      }
    }
    const { registry } = mirrored;
    assertEquals(await registry.metrics(), await untouched.registry.metrics());
  });
});

test("a metric that cannot be extended is live all the same", async () => {
  const metrics = make();
  const { gauge } = metrics;
  Object.preventExtensions(gauge);
  await withLive([metrics.registry], async ({ mirror, families }) => {
    assertEquals(mirror.notLive, []);
    update(metrics, LABELS);
    assert(gauge.set === Gauge.prototype.set);
    await requireSame(families, metrics.registry);
  });
});

test("a counter yields what it yields without a mirror", async () => {
  const [mirrored, untouched] = [make(), make()];
  await withLive([mirrored.registry], () => {
    for (let n = 0; n < 2; n++) {
      const [one, other] = [mirrored, untouched].map(({ counter }) => {
        return counter.inc(LABELS) as unknown;
      });
      assertEquals(one, other);
    }
  });
});

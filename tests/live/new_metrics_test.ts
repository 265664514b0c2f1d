import { assert, assertEquals } from "@std/assert";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { live, refresh, withLive, write, writeGathered } from "./_live.ts";
import { gaugeOf, turn } from "./_metrics.ts";

const { Counter, Gauge, Histogram, Registry } = client;

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

test("a metric that one of its registries refuses is not live", async () => {
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
    await refresh(mirror);
    assertEquals(mirror.notLive.map(({ name }) => name), ["c"]);
  });
});

test("an object without a type is read by its get()", async () => {
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

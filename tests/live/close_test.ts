import { assert, assertEquals } from "@std/assert";
import { Mirror } from "../../src/live/mirror.ts";
import { LiveReader } from "../../src/memory/reader.ts";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { live, write, writeGathered } from "./_live.ts";
import {
  type Any,
  descriptorsOf,
  gaugeOf,
  isUntouched,
  turn,
} from "./_metrics.ts";

const { Gauge, Registry } = client;

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

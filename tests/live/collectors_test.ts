import { assert, assertEquals } from "@std/assert";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { live, refresh, withLive } from "./_live.ts";

const { Counter, Gauge, Registry, Summary } = client;

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

import { assert, assertEquals } from "@std/assert";
import { client } from "../_client.ts";
import { observingRegistry } from "../_observing.ts";
import { test } from "../_suite.ts";
import { turn, waitUntil } from "../_wait.ts";
import { withHeldTimers } from "../_fakes.ts";
import {
  OPENMETRICS_1_0_0,
  TEXT_1_0_0,
  withEscaping,
} from "../../src/formats/format.ts";
import { live, refresh, withLive, write, writeGathered } from "./_live.ts";

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

/** Gauges that a collector of another resets at once, and sets at a gate. */
function filledBy(gate: Promise<void>) {
  const registry = new Registry();
  const registers = [registry];
  const options = { help: "h", registers };
  const labelled = new Gauge({ name: "l", labelNames: ["a"], ...options });
  const plain = new Gauge({ name: "p", ...options });
  const values = { next: 1 };
  const set = () => {
    labelled.set({ a: "1" }, values.next);
    labelled.set({ a: "2" }, values.next);
    plain.set(values.next);
  };
  set();
  new Gauge({
    name: "filling",
    ...options,
    async collect() {
      labelled.reset();
      plain.reset();
      await gate;
      set();
    },
  });
  return { registry, values, labelled, plain };
}

test("what a collector resets of other metrics is not seen until it has ended", async () => {
  const gate = Promise.withResolvers<void>();
  const { registry, values } = filledBy(gate.promise);
  await withLive([registry], async ({ mirror, reader, families }) => {
    const read = () =>
      reader.read().families.flatMap(({ values }) => Array.from(values));
    assertEquals(families().length, 3);
    assertEquals(read(), [1, 1, 1, 0]);
    values.next = 2;
    const refreshed = refresh(mirror);
    assertEquals(read(), [1, 1, 1, 0]);
    assertEquals(reader.read().late, 2);
    gate.resolve();
    await refreshed;
    assertEquals(read(), [2, 2, 2, 0]);
    assertEquals(families().length, 3);
  });
});

test("a collector that hangs hides what it has reset for twenty seconds", async () => {
  const { registry, plain } = filledBy(new Promise(() => {}));
  await withHeldTimers(async (timers) => {
    await withLive([registry], async ({ mirror, reader }) => {
      const read = () =>
        reader.read().families.flatMap(({ values }) => Array.from(values));
      read();
      mirror.refresh();
      plain.set(7);
      assertEquals(read(), [1, 1, 1, 0]);
      const [timer] = timers;
      assertEquals(timer.ms, 20_000);
      timer.end();
      await turn();
      assertEquals(read(), [7, 0]);
      // From then on an application's own resets are seen at once.
      mirror.refresh();
      plain.reset();
      plain.set(8);
      assertEquals(read(), [8, 0]);
    });
  });
});

for (const kind of ["synchronous", "asynchronous"]) {
  test(`what a ${kind} collector sets of a metric that is not live is read with it`, async () => {
    await withLive([observingRegistry(kind)], async ({ mirror, reader }) => {
      for (const count of [1, 2]) {
        await refresh(mirror);
        // When the end of collectors is told, the event loop has turned.
        await turn();
        const { families } = reader.read();
        const { values } = families.find(({ name }) => name === "s")!;
        assertEquals(Array.from(values), [count, count]);
      }
    });
  });
}

test("a mirror's metrics that are not live are written in every format", async () => {
  const registry = new Registry();
  const summary = new Summary({
    name: "s",
    help: "s",
    labelNames: ["a_b"],
    percentiles: [0.5],
    registers: [registry],
  });
  // OpenMetrics takes no sum that is negative.
  for (const a_b of ["1", "2"]) summary.observe({ a_b }, -1);
  await withLive([registry], async ({ mirror, families }) => {
    await refresh(mirror);
    for (
      const format of [OPENMETRICS_1_0_0, withEscaping(TEXT_1_0_0, "dots")]
    ) {
      assertEquals(
        await write(families(), format),
        await writeGathered([registry], format),
      );
    }
  });
});

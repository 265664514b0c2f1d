import { assert, assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import { Mirror } from "../../src/live/mirror.ts";
import { LiveReader } from "../../src/memory/reader.ts";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { live, withLive, write, writeGathered } from "./_live.ts";

const { Counter, Gauge, Registry } = client;

function labelledCounter(registry: promClient.Registry): promClient.Counter {
  return new Counter({
    name: "c",
    help: "c",
    labelNames: ["n"],
    registers: [registry],
  });
}

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

test("memory is handed over until the mirror is closed", () => {
  const registry = new Registry();
  const counter = labelledCounter(registry);
  const { mirror } = live(registry);
  let chunks = 0;
  const count = () => chunks++;
  const grow = (from: number) => {
    for (let n = from; n < from + 3_000; n++) counter.inc({ n });
  };
  mirror.handOver(count);
  grow(0);
  const before = chunks;
  assert(before > 0);
  mirror.close();
  mirror.handOver(count);
  const other = live(registry);
  grow(3_000);
  assertEquals(chunks, before);
  other.mirror.close();
});

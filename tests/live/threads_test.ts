import { assert, assertEquals } from "@std/assert";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Mirror } from "../../src/live/mirror.ts";
import type { Registry } from "../../src/types.ts";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";

/** The values that the thread has seen. */
interface Seen {
  faults: string[];
  /** The families as they were in the end. */
  last: { name: string; series: number; values: number[] }[];
}

/**
 * Reads a registry on another thread, over and over, while a function keeps this
 * one busy.
 */
async function readDuring(
  registry: Registry,
  work: (reads: () => number) => void,
): Promise<Seen> {
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const mirror = new Mirror({ registries: [registry], onError });
  const reads = new Int32Array(new SharedArrayBuffer(4));
  const handover = mirror.handOver((chunk) => worker.postMessage(chunk));
  const worker = new Worker(
    new URL("../programs/live_thread.ts", import.meta.url),
    { workerData: { handover, reads } },
  );
  try {
    const seen = once(worker, "message");
    // The thread's error is told below, unless the work has failed before.
    seen.catch(() => {});
    // Starting takes long on a busy machine, and longer while this thread works.
    // Values that are read until then do not count.
    await Promise.race([
      seen,
      waitUntil(60_000, "it reads", () => Atomics.load(reads, 0) > 0),
    ]);
    const before = Atomics.load(reads, 0);
    work(() => Atomics.load(reads, 0) - before);
    worker.postMessage("stop");
    const [message] = await seen;
    assertEquals(errors, []);
    return message;
  } finally {
    mirror.close();
    await worker.terminate();
  }
}

/** So many readings are enough to meet a fault. */
const READS = 200;

/** No thread is kept from reading for as long as this. */
const PATIENCE_MS = 60_000;

/** Works until there were enough readings, and at least a number of times. */
function workUntilRead(
  reads: () => number,
  times: number,
  work: (n: number) => void,
): number {
  const deadline = performance.now() + PATIENCE_MS;
  let n = 0;
  while (n < times || (reads() < READS && performance.now() < deadline)) {
    for (let i = 0; i < 1000; i++) work(n++);
  }
  return n;
}

/** Blocks this thread until the other one has read what there is now. */
function awaitReading(reads: () => number): void {
  // A reading may have begun before.
  const wanted = reads() + 2;
  const deadline = performance.now() + PATIENCE_MS;
  while (reads() < wanted) {
    assert(performance.now() < deadline, "the thread does not read");
  }
}

test("a thread reads whole histograms, and counters that only rise, of a blocked thread", async () => {
  const registry = new client.Registry();
  const registers = [registry];
  const histogram = new client.Histogram({
    name: "duration_seconds",
    help: "h",
    labelNames: ["n"],
    registers,
  });
  const counter = new client.Counter({
    name: "requests_total",
    help: "c",
    labelNames: ["n"],
    registers,
  });
  const direct = new client.Histogram({
    name: "direct_seconds",
    help: "d",
    registers,
  });
  const children = [0, 1].map((n) => histogram.labels(String(n)));
  counter.inc({ n: 0 });
  let done = 0;
  const seen = await readDuring(registry, (reads) => {
    done = workUntilRead(reads, 1_000_000, (n) => {
      children[n % 2].observe(1);
      direct.observe(1);
      counter.inc({ n: 0 });
    });
    assert(reads() >= READS, `${reads()} readings of ${done} observations`);
  });
  assertEquals(seen.faults, []);
  const [observed, counted, directly] = seen.last.map(({ values }) => values);
  assertEquals(observed.slice(-3), [done / 2, done / 2, done / 2]);
  assertEquals(counted, [done + 1]);
  assertEquals(directly.slice(-3), [done, done, done]);
});

test("a thread loses and repeats nothing while 100 000 series come", async () => {
  const registry = new client.Registry();
  const counter = new client.Counter({
    name: "requests_total",
    help: "c",
    labelNames: ["n"],
    registers: [registry],
  });
  counter.inc({ n: 0 });
  const seen = await readDuring(registry, (reads) => {
    for (let n = 1; n < 100_000; n++) {
      counter.inc({ n }, n + 1);
      if (n % 10_000 === 9_999) awaitReading(reads);
    }
  });
  assertEquals(seen.faults, []);
  const [{ series, values }] = seen.last;
  assertEquals([series, values.at(-1)], [100_000, 100_000]);
});

test("a thread sees metrics and label sets that a blocked thread makes", async () => {
  const registry = new client.Registry();
  const seen = await readDuring(registry, (reads) => {
    for (let m = 0; m < 300; m++) {
      const counter = new client.Counter({
        name: `made_${m}_total`,
        help: "c",
        labelNames: ["n"],
        registers: [registry],
      });
      for (let n = 0; n < 20; n++) counter.inc({ n }, n + 1);
    }
    awaitReading(reads);
  });
  assertEquals(seen.faults, []);
  assertEquals(
    seen.last.map(({ name, series }) => [name, series]),
    Array.from({ length: 300 }, (_, m) => [`made_${m}_total`, 20]),
  );
});

test("a thread reads every label set while others go and come", async () => {
  const registry = new client.Registry();
  const options = { help: "h", labelNames: ["n"], registers: [registry] };
  const gauge = new client.Gauge({ name: "gauge", ...options });
  const histogram = new client.Histogram({ name: "histogram", ...options });
  for (let n = 0; n < 21; n++) gauge.set({ n }, n);
  for (let n = 0; n < 500; n++) histogram.observe({ n: "kept" + n }, 1);
  const seen = await readDuring(registry, (reads) => {
    const before = reads();
    const deadline = performance.now() + PATIENCE_MS;
    for (let n = 0; reads() < before + READS; n++) {
      gauge.remove({ n: n % 21 });
      gauge.set({ n: n % 21 }, n % 21);
      histogram.observe({ n: "kept" + n % 500 }, 1);
      // The last one, since what only rises must do so in its row.
      histogram.observe({ n: "gone" }, 1);
      histogram.zero({ n: "gone" });
      histogram.remove({ n: "gone" });
      assert(performance.now() < deadline, "the thread does not read");
    }
  });
  assertEquals(seen.faults, []);
  assertEquals(seen.last.map(({ series }) => series), [21, 500]);
});

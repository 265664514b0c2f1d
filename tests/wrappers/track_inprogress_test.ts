import { trackInprogress } from "../../src/wrappers/mod.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { client } from "../_client.ts";
import { capturedErrors, FakeGauge } from "../_fakes.ts";
import { withLive } from "../live/_live.ts";
import { test } from "../_suite.ts";
import { testWrapper } from "./_contract.ts";

testWrapper({
  name: "trackInprogress",
  wrap: trackInprogress(new FakeGauge()),
  follow: (promise) => trackInprogress(new FakeGauge(), promise),
  call: trackInprogress,
  metric: new FakeGauge(),
});

test("trackInprogress() is up while the promise is pending", async () => {
  const metric = new FakeGauge();
  const { promise, resolve } = Promise.withResolvers<void>();
  const result = trackInprogress(metric)(() => promise)();
  assertEquals(metric.value, 1);
  resolve();
  await result;
  assertEquals(metric.value, 0);
});

test("trackInprogress() goes down when the promise rejects", async () => {
  const metric = new FakeGauge();
  await assertRejects(
    trackInprogress(metric)(() => Promise.reject(new Error("no"))),
    Error,
  );
  assertEquals(metric.steps, ["inc", "dec"]);
});

test("trackInprogress() is up inside a synchronous function, down after", () => {
  const metric = new FakeGauge();
  assertEquals(trackInprogress(metric)(() => metric.value)(), 1);
  assertEquals(metric.value, 0);
});

test("trackInprogress() goes down when a synchronous function throws", () => {
  const metric = new FakeGauge();
  const fn = trackInprogress(metric)((): void => {
    throw new RangeError("no");
  });
  assertThrows(fn, RangeError);
  assertEquals(metric.steps, ["inc", "dec"]);
});

test("trackInprogress() tracks a promise from the call until it settles", async () => {
  const metric = new FakeGauge();
  const { promise, resolve } = Promise.withResolvers<number>();
  const tracked = trackInprogress(metric, promise);
  assertEquals(metric.value, 1);
  resolve(42);
  assertEquals(await tracked, 42);
  assertEquals(metric.value, 0);
});

test("trackInprogress() counts calls that overlap", async () => {
  const metric = new FakeGauge();
  const { promise, resolve } = Promise.withResolvers<void>();
  const fn = trackInprogress(metric)(() => promise);
  const calls = Array.from({ length: 100 }, () => fn());
  assertEquals(metric.value, 100);
  resolve();
  await Promise.all(calls);
  assertEquals(metric.value, 0);
});

test("trackInprogress() does not go down where it did not go up", async () => {
  const metric = new FakeGauge();
  const { inc } = metric;
  metric.inc = () => {
    metric.inc = inc;
    throw new Error("once");
  };
  const fn = trackInprogress(metric)(() => Promise.resolve(42));
  await capturedErrors(async () => {
    assertEquals(await fn(), 42);
  });
  assertEquals(metric.value, 0);
  assertEquals(await fn(), 42);
  assertEquals(metric.steps, ["inc", "dec"]);
});

test("trackInprogress() moves a gauge and its children", async () => {
  const { Gauge, Registry } = client;
  const gauge = new Gauge({
    name: "requests_inprogress",
    help: "requests",
    labelNames: ["route"],
    registers: [new Registry()],
  });
  const valueOf = async () => (await gauge.get()).values[0].value;
  const { promise, resolve } = Promise.withResolvers<void>();
  const call = trackInprogress(gauge.labels("/"))(() => promise)();
  assertEquals(await valueOf(), 1);
  resolve();
  await call;
  assertEquals(await valueOf(), 0);
});

/** A gauge, and how to change and read it. */
function resettable(labelNames: string[] = []) {
  const registry = new client.Registry();
  const gauge = new client.Gauge({
    name: "jobs_inprogress",
    help: "jobs",
    labelNames,
    registers: [registry],
  });
  const values = async () =>
    Object.fromEntries(
      (await gauge.get()).values.map(({ labels, value }) => [
        Object.values(labels).join(),
        value,
      ]),
    );
  return { registry, gauge, values };
}

/** Runs a test with a gauge as it is, and while it is mirrored. */
async function plainAndMirrored(
  labelNames: string[],
  use: (given: ReturnType<typeof resettable>) => Promise<void>,
): Promise<void> {
  await use(resettable(labelNames));
  const mirrored = resettable(labelNames);
  await withLive([mirrored.registry], async ({ mirror, families }) => {
    await use(mirrored);
    assertEquals(mirror.notLive, []);
    const [{ values, series }] = families();
    const read = series.map(({ labels }, i) => [
      Object.values(labels).join(),
      values[i],
    ]);
    assertEquals(Object.fromEntries(read), await mirrored.values());
  });
  const before = resettable(labelNames);
  trackInprogress(before.gauge);
  await withLive([before.registry], () => use(before));
}

/** A promise that ends when the test says so. */
const job = () => Promise.withResolvers<void>();

test("trackInprogress() keeps what is in progress when the gauge is reset", async () => {
  await plainAndMirrored([], async ({ registry, gauge, values }) => {
    const jobs = [job(), job(), job()];
    const run = trackInprogress(gauge)((n: number) => jobs[n].promise);
    const running = [run(0), run(1), trackInprogress(gauge, jobs[2].promise)];
    registry.resetMetrics();
    assertEquals(await values(), { "": 3 });
    jobs[0].resolve();
    await running[0];
    gauge.reset();
    gauge.remove();
    assertEquals(await values(), { "": 2 });
    jobs.forEach(({ resolve }) => resolve());
    await Promise.all(running);
    assertEquals(await values(), { "": 0 });
    gauge.reset();
    assertEquals(await values(), { "": 0 });
  });
});

test("trackInprogress() keeps what is in progress when label sets are removed", async () => {
  await plainAndMirrored(["kind", "n"], async ({ gauge, values }) => {
    const jobs = [job(), job(), job()];
    const run = trackInprogress(gauge, {
      labels: ({ args: [i] }) => ({ kind: i < 2 ? "a" : "b", n: 1 }),
    })((i: number) => jobs[i].promise);
    const labels = { kind: "c", n: 1 };
    const running = [run(0), run(1), run(2)];
    const fixed = trackInprogress(gauge, jobs[0].promise, { labels });
    const all = { "a,1": 2, "b,1": 1, "c,1": 1 };
    gauge.remove("a", "1");
    assertEquals(await values(), all);
    gauge.remove({ n: "1", kind: "b" });
    assertEquals(await values(), all);
    gauge.reset();
    assertEquals(await values(), all);
    gauge.inc({ kind: "other", n: 2 });
    gauge.remove("other", "2");
    assertEquals(await values(), all);
    jobs[0].resolve();
    await Promise.all([running[0], fixed]);
    gauge.remove(labels);
    assertEquals(await values(), { "a,1": 1, "b,1": 1 });
    jobs.forEach(({ resolve }) => resolve());
    await Promise.all(running);
    assertEquals(await values(), { "a,1": 0, "b,1": 0 });
    gauge.remove("a", "1");
    assertEquals(await values(), { "b,1": 0 });
  });
});

test("trackInprogress() calls the reset() that an application has put in place", async () => {
  const { gauge, values } = resettable();
  const { reset } = gauge;
  let resets = 0;
  gauge.reset = function () {
    resets++;
    reset.call(this);
  };
  const { promise, resolve } = job();
  const tracked = trackInprogress(gauge, promise);
  gauge.reset();
  assertEquals([resets, await values()], [1, { "": 1 }]);
  resolve();
  await tracked;
  assertEquals(await values(), { "": 0 });
  assertEquals(Object.keys(gauge).includes("remove"), false);
});

test("trackInprogress() moves a gauge that is frozen", async () => {
  const { gauge, values } = resettable();
  Object.freeze(gauge);
  assertEquals(await trackInprogress(gauge, Promise.resolve(42)), 42);
  assertEquals(await values(), { "": 0 });
});

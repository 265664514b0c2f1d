import { trackInprogress } from "../../src/wrappers/mod.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { client } from "../_client.ts";
import { capturedErrors, FakeGauge } from "../_fakes.ts";
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

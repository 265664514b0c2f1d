import { time } from "../../src/wrappers/mod.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { client } from "../_client.ts";
import { FakeObserver, withCountedClock } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { testWrapper } from "./_contract.ts";
import { series } from "./_series.ts";

testWrapper({
  name: "time",
  wrap: time(new FakeObserver()),
  follow: (promise) => time(new FakeObserver(), promise),
  call: time,
  metric: new FakeObserver(),
});

test("time() observes the seconds until the promise is fulfilled", async () => {
  await withCountedClock(async () => {
    const metric = new FakeObserver();
    const { promise, resolve } = Promise.withResolvers<number>();
    const result = time(metric)(() => promise)();
    assertEquals(metric.observed, []);
    resolve(42);
    assertEquals(await result, 42);
    assertEquals(metric.observed, [1]);
  });
});

test("time() observes the seconds until the promise rejects", async () => {
  await withCountedClock(async () => {
    const metric = new FakeObserver();
    await assertRejects(
      time(metric)(() => Promise.reject(new RangeError("no"))),
      RangeError,
    );
    assertEquals(metric.observed, [1]);
  });
});

test("time() observes a synchronous function on return", async () => {
  await withCountedClock(() => {
    const metric = new FakeObserver();
    assertEquals(time(metric)(() => 42)(), 42);
    assertEquals(metric.observed, [1]);
  });
});

test("time() observes a synchronous function that throws", async () => {
  await withCountedClock(() => {
    const metric = new FakeObserver();
    const fn = time(metric)((): void => {
      throw new RangeError("no");
    });
    assertThrows(fn, RangeError);
    assertEquals(metric.observed, [1]);
  });
});

test("time() observes a promise from the call until it settles", async () => {
  await withCountedClock(async () => {
    const metric = new FakeObserver();
    const { promise, resolve } = Promise.withResolvers<number>();
    const timed = time(metric, promise);
    assertEquals(metric.observed, []);
    resolve(42);
    assertEquals(await timed, 42);
    assertEquals(metric.observed, [1]);
  });
});

test("time() observes a promise that rejects", async () => {
  await withCountedClock(async () => {
    const metric = new FakeObserver();
    await assertRejects(
      () => time(metric, Promise.reject(new Error("no"))),
      Error,
    );
    assertEquals(metric.observed, [1]);
  });
});

test("time() measures calls that overlap each on its own", async () => {
  await withCountedClock(async () => {
    const metric = new FakeObserver();
    const fn = time(metric)((promise: Promise<number>) => promise);
    const first = Promise.withResolvers<number>();
    const second = Promise.withResolvers<number>();
    const results = [fn(first.promise), fn(second.promise)];
    // The clock reads 0, 1 at the starts, then 2 and 3 at the ends.
    second.resolve(2);
    assertEquals(await results[1], 2);
    assertEquals(metric.observed, [1]);
    first.resolve(1);
    assertEquals(await results[0], 1);
    assertEquals(metric.observed, [1, 3]);
  });
});

test("time() observes into a histogram, a summary and their children", async () => {
  const { Histogram, Registry, Summary } = client;
  const registers = [new Registry()];
  const histogram = new Histogram({
    name: "req_time_seconds",
    help: "time spent in requests",
    labelNames: ["route"],
    registers,
  });
  const summary = new Summary({ name: "job_seconds", help: "jobs", registers });
  await time(histogram.labels("/"))(() => Promise.resolve())();
  await time(summary)(() => Promise.resolve())();

  const countOf = async (metric: typeof histogram | typeof summary) =>
    (await series(metric)).map(([labels, value]) => ({ labels, value }));
  assertEquals(await countOf(histogram), [{
    labels: { route: "/" },
    value: 1,
  }]);
  assertEquals(await countOf(summary), [{ labels: {}, value: 1 }]);
});

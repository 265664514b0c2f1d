import {
  countExceptions,
  time,
  trackInprogress,
} from "../../src/wrappers/mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { client } from "../_client.ts";
import { FakeObserver } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { series } from "./_series.ts";

/** A registry of the one format that has exemplars, which they require. */
function openMetricsRegistry() {
  const registry = new client.Registry<typeof client.openMetricsContentType>();
  registry.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

function histogramWithExemplars() {
  return new client.Histogram({
    name: "req_time_seconds",
    help: "time spent in requests",
    labelNames: ["status"],
    enableExemplars: true,
    registers: [openMetricsRegistry()],
  });
}

function counterWithExemplars() {
  return new client.Counter({
    name: "errors_total",
    help: "errors",
    labelNames: ["status"],
    enableExemplars: true,
    registers: [openMetricsRegistry()],
  });
}

interface Valued {
  value: number;
  exemplar?: { labelSet: unknown; value: number } | null;
}

async function valuesOf(
  metric: { get(): Promise<unknown> },
): Promise<Valued[]> {
  return (await metric.get() as { values: Valued[] }).values;
}

const countOf = async (metric: { get(): Promise<unknown> }) =>
  (await series(metric)).map(([labels, value]): Record<string, unknown> => ({
    ...labels,
    value,
  }));

const exemplarsOf = async (metric: { get(): Promise<unknown> }) =>
  (await valuesOf(metric)).flatMap(({ exemplar }) =>
    exemplar ? [exemplar.labelSet] : []
  );

const fail = () => Promise.reject(new RangeError("no"));

test("wrappers measure with metrics that were made with exemplars", async () => {
  const [histogram, counter] = [
    histogramWithExemplars(),
    counterWithExemplars(),
  ];
  const fn = time(histogram)(countExceptions(counter)(fail));
  await assertRejects(fn, RangeError);
  assertEquals(await countOf(histogram), [{ value: 1 }]);
  assertEquals(await countOf(counter), [{ value: 1 }]);
  assertEquals(await exemplarsOf(histogram), []);
  assertEquals(await exemplarsOf(counter), []);
});

test("wrappers attach exemplars, with labels too", async () => {
  const [histogram, counter] = [
    histogramWithExemplars(),
    counterWithExemplars(),
  ];
  const options = {
    labels: ({ status }: { status: string }) => ({ status }),
    exemplar: ({ args }: { args: readonly string[] }) => ({ traceId: args[0] }),
  };
  const fn = time(histogram, options)(
    countExceptions(counter, options)((_id: string) => fail()),
  );
  const startedAt = performance.now();
  await assertRejects(() => fn("abc"), RangeError);
  const passed = (performance.now() - startedAt) / 1000;
  for (const metric of [histogram, counter]) {
    assertEquals(await countOf(metric), [{ status: "rejected", value: 1 }]);
    assertEquals(await exemplarsOf(metric), [{ traceId: "abc" }]);
  }
  const [observed] = (await valuesOf(histogram)).flatMap(({ exemplar }) =>
    exemplar ? [exemplar] : []
  );
  assert(observed.value > 0 && observed.value <= passed);
});

test("wrappers attach no exemplar where the function returns nothing", async () => {
  const counter = counterWithExemplars();
  const wrap = countExceptions(counter, { exemplar: () => undefined });
  await assertRejects(wrap(fail), RangeError);
  assertEquals(await countOf(counter), [{ value: 1 }]);
  assertEquals(await exemplarsOf(counter), []);
});

test("wrappers keep the sample whose exemplar cannot be made", async () => {
  const failure = new Error("no trace");
  const errors: unknown[] = [];
  const [histogram, counter] = [
    histogramWithExemplars(),
    counterWithExemplars(),
  ];
  const options = {
    exemplar: () => {
      throw failure;
    },
    onError: (error: unknown) => errors.push(error),
  };
  const fn = time(histogram, options)(countExceptions(counter, options)(fail));
  await assertRejects(fn, RangeError);
  assertEquals(errors, [failure, failure]);
  assertEquals(await countOf(histogram), [{ value: 1 }]);
  assertEquals(await countOf(counter), [{ value: 1 }]);
});

test("wrappers keep the sample whose exemplar is invalid, and the scrape readable", async () => {
  const wrong: [unknown, typeof TypeError | typeof RangeError][] = [
    [{ traceId: "x".repeat(122) }, RangeError],
    [{ traceId: "😀".repeat(61) }, RangeError],
    [{ traceId: { a: 1 } }, TypeError],
    [{ "trace-id": "abc" }, TypeError],
    [{ "": "abc" }, TypeError],
    [{ 'a="b"} 1\n# c': "abc" }, TypeError],
    ["abc", TypeError],
    [["abc"], TypeError],
    [Promise.resolve({ traceId: "abc" }), TypeError],
    [Promise.reject(new Error("no trace")), TypeError],
  ];
  for (const [made, type] of wrong) {
    const errors: unknown[] = [];
    const options = {
      exemplar: () => made as Record<string, string>,
      onError: (error: unknown) => errors.push(error),
    };
    const registry = openMetricsRegistry();
    const counter = new client.Counter({
      name: "errors_total",
      help: "errors",
      enableExemplars: true,
      registers: [registry],
    });
    await assertRejects(countExceptions(counter, options)(fail), RangeError);
    assertEquals(errors.length, 1);
    assertInstanceOf(errors[0], type);
    assertEquals(await countOf(counter), [{ value: 1 }]);
    assertMatch(await registry.metrics(), /^errors_total 1$/m);
  }
});

test("wrappers attach exemplars of up to 128 characters", async () => {
  const histogram = histogramWithExemplars();
  const labels = { traceId: "x".repeat(121) };
  await time(histogram, Promise.resolve(42), { exemplar: () => labels });
  const expected = { ...labels };
  labels.traceId = "changed";
  assertEquals(await exemplarsOf(histogram), [expected]);
});

test("wrappers ignore exemplar with a metric without exemplars", async () => {
  const observer = new FakeObserver();
  const exemplar = () => {
    throw new Error("must not be called");
  };
  await time(observer, Promise.resolve(42), { exemplar });
  assertEquals(observer.observed.length, 1);

  const registers = [openMetricsRegistry()];
  const summary = new client.Summary({
    name: "job_seconds",
    help: "jobs",
    registers,
    ...{ enableExemplars: true },
  });
  const gauge = new client.Gauge({
    name: "failures",
    help: "failures",
    registers,
    ...{ enableExemplars: true },
  });
  // Both keep the option, and take values as they do without it.
  const fn = time(summary, { exemplar })(
    countExceptions(gauge, { exemplar })(trackInprogress(gauge)(fail)),
  );
  await assertRejects(fn, RangeError);
  assertEquals((await countOf(summary)).at(-1)?.value, 1);
  assertEquals((await countOf(gauge)).map(({ value }) => value), [1]);
});

test("wrappers call metrics of one's own with exemplars in the clients' form", async () => {
  const calls: unknown[][] = [];
  const metric = {
    enableExemplars: true,
    observe: (...args: unknown[]) => void calls.push(args),
  };
  const exemplarLabels = { traceId: "abc" };
  await time(metric, Promise.resolve(), { exemplar: () => exemplarLabels });
  assertEquals(calls.length, 1);
  const [[data]] = calls as [[Record<string, unknown>]];
  assertEquals(Object.keys(data).sort(), ["exemplarLabels", "labels", "value"]);
  assertEquals(data.exemplarLabels, exemplarLabels);
  assertEquals(typeof data.value, "number");
});

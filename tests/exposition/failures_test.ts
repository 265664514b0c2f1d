import { metricsHandler } from "../../src/exposition/mod.ts";
import type { Registry } from "../../src/types.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { capturedErrors } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { registryOf } from "./_collecting.ts";
import { failures, reporting, scrape } from "./_scraping.ts";

test("metricsHandler() serves everything but what a collector failed to", async () => {
  const reason = new Error("sensor is gone");
  const { handler, errors } = reporting(registryOf({
    throws() {
      throw reason;
    },
    rejects: () => Promise.reject("no"),
    works() {
      this.set(42);
    },
  }));
  const { status, text } = await scrape(handler);
  assertEquals(status, 200);
  assertStringIncludes(text, "works 42\n");
  assertStringIncludes(text, "steady 1\n");
  assertEquals(/^(throws|rejects) /m.test(text), false);
  assertStringIncludes(text, failures("throws", "error", 1));
  assertStringIncludes(text, failures("rejects", "error", 1));
  assertEquals(
    errors.map(({ collector, failure, cause, message }) => [
      collector,
      failure,
      cause,
      message,
    ]),
    [
      [
        "throws",
        "error",
        reason,
        'Cannot gather metric "throws": sensor is gone',
      ],
      ["rejects", "error", "no", 'Cannot gather metric "rejects": "no"'],
    ],
  );
  assertStringIncludes(
    (await scrape(handler)).text,
    failures("throws", "error", 2),
  );
});

test("metricsHandler() leaves out a metric whose properties throw", async () => {
  for (const name of ["name", "type", "collect"]) {
    const hostile = Object.defineProperty({ name: "hostile" }, name, {
      get() {
        throw new Error("no");
      },
    });
    const metrics = [hostile, ...registryOf({}).getMetricsAsArray()];
    const { handler, errors } = reporting({ getMetricsAsArray: () => metrics });
    const { status, text } = await scrape(handler);
    assertEquals([name, status], [name, 200]);
    assertStringIncludes(text, "steady 1\n");
    assertEquals(errors.map(({ failure }) => failure), ["error"]);
  }
});

test("metricsHandler() survives whatever a collector throws", async () => {
  for (const thrown of [undefined, null, Object.create(null), Symbol("s")]) {
    const { handler, errors } = reporting({
      getMetricsAsArray: () => [{
        name: "a",
        get: () => Promise.reject(thrown),
      }],
    });
    assertEquals((await scrape(handler)).status, 200);
    assertEquals(errors.map(({ cause }) => cause), [thrown]);
  }
});

test("metricsHandler() fails the scrape when it is told to", async () => {
  const { handler, errors } = reporting(
    registryOf({
      a: () => Promise.reject(new Error("gone")),
      b: () => Promise.reject(new Error("lost")),
    }),
    { failOnError: true },
  );
  const { status, text } = await scrape(handler);
  assertEquals(status, 500);
  assertEquals(
    text,
    'Cannot gather metric "a": gone\nCannot gather metric "b": lost\n',
  );
  assertEquals(errors.length, 2);
});

test("metricsHandler() reports each metric's first failure to the console", async () => {
  const handler = metricsHandler({
    registry: registryOf({
      a: () => Promise.reject(new Error("gone")),
      b: () => Promise.reject(new Error("lost")),
    }),
  });
  const calls = await capturedErrors(async () => {
    await scrape(handler);
    await scrape(handler);
  });
  assertEquals(calls.map(([text]) => text), [
    'Cannot gather metric "a", further errors are not shown:',
    'Cannot gather metric "b", further errors are not shown:',
  ]);
});

test("metricsHandler() answers though onError throws", async () => {
  const handler = metricsHandler({
    registry: registryOf({ a: () => Promise.reject(new Error("gone")) }),
    onError() {
      throw new Error("onError is broken");
    },
  });
  let status = 0;
  const calls = await capturedErrors(async () => {
    ({ status } = await scrape(handler));
  });
  assertEquals(status, 200);
  assertEquals(calls.map(([, error]) => String(error)), [
    "Error: onError is broken",
  ]);
});

test("metricsHandler() leaves out what is no metric and says why", async () => {
  const values = [{ value: 1, labels: {} }];
  const metric = (collected: Record<string, unknown>) => ({
    name: "a",
    get: () => ({ name: "a", help: "a", type: "gauge", values, ...collected }),
  });
  const wrong: [metric: unknown, reason: string][] = [
    [{ name: "a" }, "must have the method get()"],
    [metric({ type: "gaugehistogram" }), 'received "gaugehistogram"'],
    [metric({ name: undefined }), "its name must be a string"],
    [metric({ name: "" }), 'received ""'],
    [metric({ values: undefined }), "its values must be an array"],
    [metric({ values: [{ value: 1, metricName: "b" }] }), 'received "b"'],
    [metric({ values: [{ value: 1n, labels: {} }] }), "must be numbers"],
    [metric({ type: "histogram", values }), "received a"],
    [
      metric({
        type: "histogram",
        values: [{ value: 1, metricName: "a_sum", labels: { x: "y" } }],
      }),
      "must have a count",
    ],
    [
      metric({
        type: "summary",
        values: [
          { value: 1, labels: { quantile: "high" } },
          { value: 1, metricName: "a_count" },
        ],
      }),
      "bounds that are numbers",
    ],
  ];
  for (const [broken, reason] of wrong) {
    const registry = {
      getMetricsAsArray: () => [
        broken,
        { ...metric({ name: "b" }), name: "b" },
      ],
    } as Registry;
    const { handler, errors } = reporting(registry);
    const { status, text } = await scrape(handler);
    assertEquals(status, 200);
    assertStringIncludes(text, "b 1\n");
    assertStringIncludes(errors[0]?.message ?? "", reason);
  }
});

test("metricsHandler() answers 500 when there is no registry to be had", async () => {
  const sources: [() => Registry, string][] = [
    [() => {
      throw new Error("not yet");
    }, "not yet"],
    [() => ({}) as Registry, "getMetricsAsArray()"],
    [() => new Promise(() => {}) as never, "registry function did not yield"],
    [() => ({
      getMetricsAsArray() {
        throw new Error("closed");
      },
    }), "closed"],
  ];
  for (const [registry, reason] of sources) {
    const errors: unknown[] = [];
    const { status, text } = await scrape(metricsHandler({
      registry,
      timeout: 20,
      onError: (error) => void errors.push(error),
    }));
    assertEquals(status, 500);
    assertStringIncludes(text, reason);
    assertEquals(errors.length, 1);
  }
});

import {
  CollectorError,
  type MetricsHandler,
  metricsHandler,
  type MetricsHandlerOptions,
} from "../../src/exposition/mod.ts";
import { Deadline, scrapeTimeout } from "../../src/exposition/deadline.ts";
import { gather, type Gathering } from "../../src/exposition/gather.ts";
import type { Registry } from "../../src/types.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type * as promClient from "prom-client";
import { client } from "../_client.ts";
import { capturedErrors } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";

type Collect = (this: promClient.Gauge) => unknown;

/** A registry of gauges that collect as they are told, and one that is steady. */
function registryOf(collects: Record<string, Collect>): promClient.Registry {
  const registry = new client.Registry();
  const registers = [registry];
  for (const [name, collect] of Object.entries(collects)) {
    new client.Gauge({
      name,
      help: name,
      registers,
      collect: collect as () => void,
    });
  }
  new client.Gauge({ name: "steady", help: "steady", registers }).set(1);
  return registry;
}

async function scrape(
  handler: MetricsHandler,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await handler(
    new Request("http://localhost/metrics", { headers }),
  );
  const { status } = response;
  return { status, headers: response.headers, text: await response.text() };
}

/** A handler that keeps what it reports. */
function reporting(registry: Registry, options: MetricsHandlerOptions = {}) {
  const errors: CollectorError[] = [];
  const handler = metricsHandler({
    registry,
    onError(error) {
      assert(error instanceof CollectorError, String(error));
      errors.push(error);
    },
    ...options,
  });
  return { handler, errors };
}

const failures = (collector: string, failure: string, count: number) =>
  `prometheus_async_collector_failures_total{collector="${collector}",` +
  `failure="${failure}"} ${count}\n`;

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

test("metricsHandler() answers within the scrape's timeout, whatever hangs", async () => {
  let hanging = 0;
  const { handler, errors } = reporting(
    registryOf({
      throws() {
        throw new Error("no");
      },
      hangs() {
        hanging++;
        return new Promise(() => {});
      },
      async slow() {
        await sleep(100);
        this.set(3);
      },
    }),
    { timeout: 60_000 },
  );
  const startedAt = performance.now();
  // Far more than the slow one takes, even if the machine stalls meanwhile.
  const headers = { "x-prometheus-scrape-timeout-seconds": "4" };
  const { status, text } = await scrape(handler, headers);
  const ms = performance.now() - startedAt;
  assertEquals(status, 200);
  assert(ms > 3_500 && ms < 30_000, `answered after ${ms} ms`);
  assertStringIncludes(text, "slow 3\n");
  assertStringIncludes(text, "steady 1\n");
  assertStringIncludes(text, failures("hangs", "timeout", 1));
  assertStringIncludes(text, failures("throws", "error", 1));
  assertEquals(errors.map(({ failure }) => failure), ["error", "timeout"]);

  // It is not started again.
  await scrape(handler, headers);
  assertEquals(hanging, 1);
  assertStringIncludes(errors.at(-1)!.message, "it runs for");
});

test("gather() does not wait again for who had as long as this scrape has", async () => {
  let hanging = 0;
  const registry = registryOf({
    hangs() {
      hanging++;
      return new Promise(() => {});
    },
  });
  // Nobody waits for as long as that: how long a scrape has is only compared.
  const gatherWithin = (ms: number) => {
    const waited: unknown[] = [];
    const waitFor = (promise: Promise<unknown>) => {
      waited.push(promise);
      return Promise.race([promise.then(() => true), sleep(20, false)]);
    };
    const deadline = { ms, waitFor } as unknown as Deadline;
    return gather([registry], {
      isWanted: (name) => name === "hangs",
      deadline,
    })
      .then(({ failures }) => [waited.length, failures[0].failure]);
  };
  assertEquals(await gatherWithin(600_000), [1, "timeout"]);
  assertEquals(await gatherWithin(10), [0, "timeout"]);
  // One that has more time does.
  assertEquals(await gatherWithin(600_000), [1, "timeout"]);
  assertEquals(hanging, 1);
});

test("metricsHandler() runs the collector of a metric once that is in two registries", async () => {
  let runs = 0;
  const registries = [new client.Registry(), new client.Registry()];
  new client.Gauge({
    name: "shared",
    help: "shared",
    registers: registries,
    async collect() {
      await sleep(1);
      this.set(++runs);
    },
  });
  registries[1].setDefaultLabels({ of: "second" });
  const { text } = await scrape(metricsHandler({ registry: registries }));
  assertStringIncludes(text, 'shared 1\nshared{of="second"} 1\n');
  assertEquals(runs, 1);
});

test("metricsHandler() runs a collector again that has ended after all", async () => {
  let { promise, resolve } = Promise.withResolvers<void>();
  let runs = 0;
  const { handler } = reporting(
    registryOf({
      async late() {
        runs++;
        await promise;
        this.set(runs);
      },
    }),
    { timeout: 20 },
  );
  assertEquals(/^late /m.test((await scrape(handler)).text), false);
  assertEquals(/^late /m.test((await scrape(handler)).text), false);
  assertEquals(runs, 1);
  resolve();
  ({ promise, resolve } = Promise.withResolvers<void>());
  resolve();
  await waitUntil(60_000, "the collector runs again", async () => {
    return (await scrape(handler)).text.includes("late 2\n");
  });
});

test("scrapeTimeout() leaves time to answer before the scraper gives up", () => {
  const cases: [
    header: string | null,
    limit: number | undefined,
    ms: number,
  ][] = [
    [null, undefined, 10_000],
    [null, 250, 250],
    ["1", undefined, 900],
    ["1.000000", undefined, 900],
    ["0.5", undefined, 450],
    ["0.2", undefined, 150],
    ["0.06", undefined, 30],
    ["10", undefined, 9_500],
    ["60", undefined, 59_500],
    ["1", 250, 250],
    ["1", 60_000, 900],
    ["1e9", undefined, 599_500],
    ["Infinity", undefined, 599_500],
    ["Infinity", 1_000, 1_000],
    // What says nothing.
    ["0", undefined, 10_000],
    ["-1", undefined, 10_000],
    ["soon", undefined, 10_000],
    ["", 250, 250],
    ["NaN", undefined, 10_000],
  ];
  for (const [header, limit, ms] of cases) {
    assertEquals(scrapeTimeout(header, limit), ms, `${header}, ${limit}`);
  }
});

test("metricsHandler() keeps to the shorter of the scraper's timeout and its own", async () => {
  for (const [timeout, header] of [[10, "600"], [600_000, "0.02"]] as const) {
    const { handler } = reporting(
      registryOf({ hangs: () => new Promise(() => {}) }),
      { timeout },
    );
    const { text } = await scrape(handler, {
      "x-prometheus-scrape-timeout-seconds": header,
    });
    assertStringIncludes(text, failures("hangs", "timeout", 1));
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
    [metric({ type: "info" }), 'received "info"'],
    [metric({ name: undefined }), "its name must be a string"],
    [metric({ name: "" }), 'received ""'],
    [metric({ values: undefined }), "its values must be an array"],
    [metric({ values: [{ value: 1, metricName: "b" }] }), 'received "b"'],
    [metric({ values: [{ value: 1n, labels: {} }] }), "BigInt"],
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
    [() => new Promise(() => {}) as never, "registry function must yield"],
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

test("metricsHandler() runs each collector once for scrapes that overlap", async () => {
  let runs = 0;
  const gate = Promise.withResolvers<void>();
  const { handler } = reporting(registryOf({
    async shared() {
      runs++;
      await gate.promise;
      this.set(runs);
    },
  }));
  const scrapes = [
    scrape(handler),
    scrape(handler, { accept: "application/openmetrics-text" }),
    scrape(metricsHandler({ registry: [registryOf({}), registryOf({})] })),
  ];
  // The second one starts while the first waits.
  await sleep(5);
  scrapes.push(scrape(handler));
  gate.resolve();
  const [first, second, , third] = await Promise.all(scrapes);
  for (const { text } of [first, second, third]) {
    assertStringIncludes(text, "shared 1\n");
  }
  assertEquals(runs, 1);
  await scrape(handler);
  assertEquals(runs, 2);
});

/** Gathers everything, without haste. */
function gatherAll(registry: Registry) {
  const deadline = new Deadline(600_000);
  return gather([registry], { isWanted: () => true, deadline });
}

test("gather() reads a large metric once for scrapes that overlap", async () => {
  const registry = new client.Registry();
  const labelNames = ["n"];
  const registers = [registry];
  const large = new client.Gauge({
    name: "large",
    help: "Large",
    labelNames,
    registers,
  });
  // To read them for the first time takes longer than the event loop may wait.
  for (let n = 0; n < 50_000; n++) large.set({ n: String(n) }, n);
  const both = await Promise.all([gatherAll(registry), gatherAll(registry)]);
  const [first, second] = both.map(({ families: [family] }) => family);
  assertStrictEquals(first, second);
  const { families: [third] } = await gatherAll(registry);
  assert(third !== first, "it was not read again");
});

test("gather() leaves what it has yielded as it was", async () => {
  const registry = new client.Registry();
  const registers = [registry];
  const gauges = Array.from({ length: 2000 }, (_, n) => {
    const gauge = new client.Gauge({ name: `g${n}`, help: "G", registers });
    gauge.set(n);
    return gauge;
  });
  const valuesOf = ({ families }: Gathering) =>
    families.map(({ values }) => Array.from(values));
  const first = await gatherAll(registry);
  const values = valuesOf(first);
  assertEquals(values, gauges.map((_, n) => [n]));
  for (const gauge of gauges) gauge.set(-1);
  assertEquals(valuesOf(await gatherAll(registry)), gauges.map(() => [-1]));
  assertEquals(valuesOf(first), values);
});

test("metricsHandler() shares what was read for as long as it may be coalesced", async () => {
  let runs = 0;
  const registry = registryOf({
    counted() {
      this.set(++runs);
    },
  });
  const eager = metricsHandler({ registry });
  const coalescing = metricsHandler({ registry, coalesce: 60_000 });
  for (const accept of ["*/*", "application/openmetrics-text", "*/*"]) {
    assertStringIncludes(
      (await scrape(coalescing, { accept })).text,
      "counted 1\n",
    );
  }
  assertStringIncludes((await scrape(eager)).text, "counted 2\n");
  assertStringIncludes((await scrape(coalescing)).text, "counted 2\n");

  const brief = metricsHandler({ registry, coalesce: 1 });
  await sleep(20);
  assertStringIncludes((await scrape(brief)).text, "counted 3\n");
});

test("metricsHandler() does not coalesce what has failed", async () => {
  let runs = 0;
  const { handler } = reporting(
    registryOf({
      flaky() {
        if (++runs === 1) throw new Error("not yet");
        this.set(runs);
      },
    }),
    { coalesce: 60_000 },
  );
  assertEquals(/^flaky /m.test((await scrape(handler)).text), false);
  for (let n = 0; n < 2; n++) {
    assertStringIncludes((await scrape(handler)).text, "flaky 2\n");
  }
});

test("metricsHandler() answers 503 with Retry-After beyond maxInFlight", async () => {
  const gate = Promise.withResolvers<void>();
  const { handler } = reporting(
    registryOf({ waits: () => gate.promise }),
    { maxInFlight: 2 },
  );
  const waiting = [scrape(handler), scrape(handler)];
  const refused = await scrape(handler);
  assertEquals(refused.status, 503);
  assertEquals(refused.headers.get("retry-after"), "1");
  gate.resolve();
  for (const { status } of await Promise.all(waiting)) {
    assertEquals(status, 200);
  }
  assertEquals((await scrape(handler)).status, 200);
});

test("metricsHandler() is done with a scrape whose client has gone", async () => {
  const gate = Promise.withResolvers<void>();
  let begun = 0;
  const registry = registryOf({
    waits() {
      begun++;
      return gate.promise;
    },
  });
  const server = await startHttpServer({
    addr: "127.0.0.1",
    registry,
    maxInFlight: 5,
  });
  try {
    const controller = new AbortController();
    const scrapes = Array.from(
      { length: 5 },
      () =>
        fetch(server.metricsUrl, { signal: controller.signal })
          .then(() => "answered", (error) => error.name),
    );
    await waitUntil(60_000, "the scrape has begun", () => begun > 0);
    controller.abort();
    assertEquals(new Set(await Promise.all(scrapes)), new Set(["AbortError"]));
    gate.resolve();
    // All five places are free again, this scrape has the only one.
    await waitUntil(60_000, "one scrape is in flight", async () => {
      const response = await fetch(server.metricsUrl);
      return (await response.text()).includes(
        "prometheus_async_scrapes_in_flight 1\n",
      );
    });
  } finally {
    await server.close();
  }
});

test("metricsHandler() counts its scrapes when it is told to", async () => {
  const { handler } = reporting(
    registryOf({
      works() {
        this.set(1);
      },
      fails: () => Promise.reject(new Error("no")),
    }),
    { ownMetrics: true, maxInFlight: 9 },
  );
  await scrape(handler);
  await scrape(handler, { accept: "application/openmetrics-text" });
  await handler(new Request("http://localhost/", { method: "POST" }));
  const { text } = await scrape(handler);
  for (
    const line of [
      'prometheus_async_scrapes_total{code="200",format="text 0.0.4"} 1',
      'prometheus_async_scrapes_total{code="200",format="openmetrics 1.0.0"} 1',
      'prometheus_async_scrapes_total{code="405",format="none"} 1',
      "prometheus_async_scrapes_in_flight 1",
      "prometheus_async_scrape_duration_seconds_count 2",
      "prometheus_async_scrape_size_bytes_count 2",
      'prometheus_async_collector_failures_total{collector="fails",failure="error"} 3',
    ]
  ) assertStringIncludes(text, `\n${line}\n`);
  const seconds =
    /^prometheus_async_collector_duration_seconds\{collector="works"\} (\S+)$/m
      .exec(text)?.[1];
  assert(Number(seconds) >= 0 && Number(seconds) < 60, `took ${seconds} s`);
  assertEquals(text.includes('collector="steady"'), false);
});

test("metricsHandler() serves nothing of its own when nothing failed", async () => {
  const { text } = await scrape(metricsHandler({ registry: registryOf({}) }));
  assertEquals(text, "# HELP steady steady\n# TYPE steady gauge\nsteady 1\n");
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { metricsHandler } from "../../src/exposition/mod.ts";
import { instrumentHandler } from "../../src/http/mod.ts";
import type * as http from "../../src/http/mod.ts";
import { client } from "../_client.ts";
import { withPackageCopy } from "../_package_copy.ts";
import { test } from "../_suite.ts";
import { empty, request } from "./_handlers.ts";
import { progressOf, samplesOf, totalOf } from "./_scrape.ts";

test("handlers with the same registry and prefix share their metrics", async () => {
  const registry = new client.Registry();
  for (const route of ["/a", "/b"]) {
    await instrumentHandler(empty, { registry, route })(request());
  }
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="/a",status="204"} 1',
    '{method="GET",route="/b",status="204"} 1',
  ]);
});

test("a prefix keeps metrics apart", async () => {
  const registry = new client.Registry();
  for (const prefix of ["shop_", "admin_"]) {
    await instrumentHandler(empty, { registry, prefix })(request());
  }
  for (const prefix of ["shop_", "admin_"]) {
    assertEquals(await samplesOf(registry, `${prefix}http_requests_total`), [
      '{method="GET",route="_OTHER",status="204"} 1',
    ]);
  }
});

test("instrumentHandler() refuses a registry that has others of the same names", () => {
  const registry = new client.Registry();
  new client.Gauge({
    name: "http_requests_inprogress",
    help: "of somebody else",
    registers: [registry],
  });
  assertThrows(
    () => instrumentHandler(empty, { registry }),
    TypeError,
    '"http_requests_inprogress" already; give these another `prefix`',
  );
  assertEquals(registry.getMetricsAsArray().length, 1);
  instrumentHandler(empty, { registry, prefix: "other_" });
});

test("instrumentHandler() joins a registry again that was cleared", async () => {
  const registry = new client.Registry();
  await instrumentHandler(empty, { registry })(request());
  registry.clear();
  await instrumentHandler(empty, { registry })(request());
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="204"} 1',
  ]);
});

test("instrumentHandler() makes again what was removed, and keeps the rest", async () => {
  const registry = new client.Registry();
  const first = instrumentHandler(empty, { registry, route: "/first" });
  await first(request());
  registry.removeSingleMetric("http_requests_total");
  // It may have been removed on purpose.
  await first(request());
  assertEquals(await samplesOf(registry, "http_requests_total"), []);
  await instrumentHandler(empty, { registry, route: "/second" })(request());
  await first(request());
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="/first",status="204"} 1',
    '{method="GET",route="/second",status="204"} 1',
  ]);
  assertEquals(await progressOf(registry), {
    requests: 2,
    durations: 4,
    inprogress: 0,
  });
});

test("a handler from before clear() registers its metrics again", async () => {
  const registry = new client.Registry();
  const { promise, resolve } = Promise.withResolvers<Response>();
  const slow = instrumentHandler((_: Request) => promise, { registry });
  const old = instrumentHandler(empty, { registry, route: "/old" });
  await old(request());
  const answered = slow(request());
  registry.clear();
  await old(request());
  assertEquals((await progressOf(registry)).inprogress, 1);
  await instrumentHandler(empty, { registry, route: "/new" })(request());
  resolve(empty());
  await answered;
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="/new",status="204"} 1',
    '{method="GET",route="/old",status="204"} 1',
    '{method="GET",route="_OTHER",status="204"} 1',
  ]);
  assertEquals((await progressOf(registry)).inprogress, 0);
});

test("a response that ends after clear() is counted", async () => {
  const registry = new client.Registry();
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const stream = instrumentHandler(() => new Response(body.readable), {
    registry,
    route: "/stream",
  });
  const response = await stream(request());
  registry.clear();
  await instrumentHandler(empty, { registry })(request());
  const text = response.text();
  await body.writable.close();
  await text;
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="/stream",status="200"} 1',
    '{method="GET",route="_OTHER",status="204"} 1',
  ]);
});

test("a handler says once that its metrics cannot be registered again", async () => {
  const registry = new client.Registry();
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const handler = instrumentHandler(empty, { registry, onError });
  registry.clear();
  new client.Counter({
    name: "http_requests_total",
    help: "of somebody else",
    registers: [registry],
  });
  for (let n = 0; n < 3; n++) await handler(request());
  assertEquals(errors.map(String), [
    "TypeError: Cannot measure requests: the registry must not have a metric " +
    'of the name "http_requests_total" already; give these another `prefix`',
  ]);
});

test("after clear() handlers may want other metrics than before", async () => {
  const registry = new client.Registry();
  instrumentHandler(empty, { registry, buckets: [1] });
  registry.clear();
  await instrumentHandler(empty, { registry, buckets: [2] })(request());
  assertEquals(
    await totalOf(registry, "http_request_duration_seconds_count"),
    1,
  );
});

test("handlers of two copies of the package share their metrics", async () => {
  await withPackageCopy(async (load) => {
    const copy = await load<typeof http>("http/mod.ts");
    const registry = new client.Registry();
    const handlers = [
      instrumentHandler(empty, { registry, route: "/page", sizes: true }),
      copy.instrumentHandler(empty, { registry, route: "/api", sizes: true }),
      instrumentHandler(empty, { registry, route: "/more", sizes: true }),
    ];
    const callAll = async () => {
      for (const handler of handlers) await handler(request());
    };
    const expected = ["/api", "/more", "/page"].map((route) =>
      `{method="GET",route="${route}",status="204"}`
    );
    await callAll();
    assertEquals(
      await samplesOf(registry, "http_requests_total"),
      expected.map((labels) => `${labels} 1`),
    );
    registry.clear();
    await callAll();
    await callAll();
    assertEquals(
      await samplesOf(registry, "http_response_size_bytes_count"),
      expected.map((labels) => `${labels} 2`),
    );
    const { inprogress } = await progressOf(registry);
    assertEquals(inprogress, 0);
    const scrape = await metricsHandler({ registry })(request());
    const text = await scrape.text();
    for (const labels of expected) {
      assert(text.includes(`\nhttp_requests_total${labels} 2\n`), text);
    }
  });
});

test("another copy of the package refuses metrics that differ from its own", async () => {
  await withPackageCopy(async (load) => {
    const copy = await load<typeof http>("http/mod.ts");
    const registry = new client.Registry();
    instrumentHandler(empty, { registry, buckets: [1] });
    assertThrows(
      () => copy.instrumentHandler(empty, { registry, buckets: [2] }),
      TypeError,
      '"http_request_duration_seconds" already; give these another `prefix`',
    );
  });
});

test("resetMetrics() leaves the requests in progress", async () => {
  const registry = new client.Registry();
  const { promise, resolve } = Promise.withResolvers<Response>();
  const handler = instrumentHandler((_: Request) => promise, { registry });
  const answered = handler(request());
  registry.resetMetrics();
  assertEquals((await progressOf(registry)).inprogress, 1);
  resolve(empty());
  await answered;
  assertEquals((await progressOf(registry)).inprogress, 0);
});

test("resetMetrics() starts again from 0, also for existing handlers", async () => {
  const registry = new client.Registry();
  const handler = instrumentHandler(empty, { registry });
  await handler(request());
  registry.resetMetrics();
  await handler(request());
  await handler(request());
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="204"} 2',
  ]);
});

test("the client writes the metrics of requests as metricsHandler() does", async () => {
  const registry = new client.Registry();
  registry.setDefaultLabels({ app: "shop" });
  const handler = instrumentHandler(() => new Response("hello"), {
    registry,
    sizes: true,
  });
  await handler(request("/", { method: "POST", body: "hi" }));
  await handler(request());
  const ours = await (await metricsHandler({ registry })(request())).text();
  const theirs = await registry.metrics();
  const samples = (text: string) =>
    text.split("\n").filter((line) => line && !line.startsWith("#"))
      .map((line) => {
        const [, name, labels, value] = /^(\w+)\{(.*)\} (.*)$/.exec(line)!;
        return `${name} ${labels.split(",").sort()} ${value}`;
      }).sort();
  assertEquals(samples(ours), samples(theirs));
  assert(samples(ours).length > 40);
  const json = await registry.getMetricsAsJSON();
  assertEquals(json.map(({ type }) => String(type)), [
    "counter",
    "histogram",
    "gauge",
    "histogram",
    "histogram",
  ]);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { metricsHandler } from "../../src/exposition/mod.ts";
import { instrumentHandler } from "../../src/http/mod.ts";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { empty, request } from "./_handlers.ts";
import { progressOf, samplesOf } from "./_scrape.ts";

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

test("resetMetrics() leaves alone what is in progress", async () => {
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

test("resetMetrics() begins anew, for handlers that are there, too", async () => {
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

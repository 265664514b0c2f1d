import { metricsHandler } from "../../src/exposition/mod.ts";
import { instrumentHandler } from "../../src/http/mod.ts";
import type { Registry } from "../../src/types.ts";
import { assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import { client } from "../_client.ts";
import { withLive, write } from "../live/_live.ts";
import { test } from "../_suite.ts";
import { scrape } from "./_scraping.ts";

const OPENMETRICS = { accept: "application/openmetrics-text;version=1.0.0" };

/** A registry that its client writes as OpenMetrics. */
function openMetricsRegistry(): promClient.Registry {
  const registry = new client.Registry() as promClient.Registry;
  registry.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE as never);
  const registers = [registry];
  const jobs = new client.Counter({
    name: "jobs_total",
    help: "Jobs",
    enableExemplars: true,
    registers: registers as never,
  });
  jobs.inc({ value: 2, exemplarLabels: { trace_id: "abc" } } as never);
  // A name that the counter has while it is written.
  new client.Gauge({ name: "jobs", help: "Jobs now", registers }).set(7);
  return registry;
}

const WITHOUT_TIMES = / 1\d{9}(\.\d+)?$/gm;

async function scrapeAll(registry: Registry): Promise<string[]> {
  const handler = metricsHandler({ registry });
  const texts: string[] = [];
  for (const headers of [{}, OPENMETRICS]) {
    const { text } = await scrape(handler, headers);
    texts.push(text.replaceAll(WITHOUT_TIMES, ""));
  }
  const url = "http://localhost/metrics?name[]=jobs_total";
  const response = await handler(new Request(url));
  return [...texts, await response.text()];
}

test("metricsHandler() serves the same names after the client has written OpenMetrics", async () => {
  const registry = openMetricsRegistry();
  const expected = await scrapeAll(registry);
  assertEquals(expected[0].includes("\njobs_total 2\n"), true, expected[0]);
  assertEquals(expected[2].includes("\njobs_total 2\n"), true, expected[2]);
  await registry.metrics();
  assertEquals(await scrapeAll(registry), expected);
  // Where the client was the first to write them.
  const other = openMetricsRegistry();
  await other.metrics();
  assertEquals(await scrapeAll(other), expected);
  // A registry of one's own that lists the client's metrics.
  const list: Registry = {
    getMetricsAsArray: () => other.getMetricsAsArray() as never,
  };
  assertEquals(await scrapeAll(list), expected);
  // Metrics that are asked for their values.
  other.setDefaultLabels({});
  for (
    const metric of other.getMetricsAsArray() as unknown as { get(): unknown }[]
  ) {
    const { get } = metric;
    metric.get = () => get.call(metric);
  }
  assertEquals(await scrapeAll(other), expected);
});

test("a mirror keeps names after the client has written OpenMetrics", async () => {
  for (const isFirst of [true, false]) {
    const registry = openMetricsRegistry();
    if (isFirst) await registry.metrics();
    await withLive([registry as Registry], async ({ mirror, families }) => {
      const names = () => families().map(({ name }) => name);
      assertEquals(names(), ["jobs_total", "jobs"]);
      await registry.metrics();
      assertEquals(mirror.refresh(), []);
      assertEquals(mirror.notLive, []);
      assertEquals(names(), ["jobs_total", "jobs"]);
    });
  }
});

test("the package's own metrics keep their names when a client has written OpenMetrics", async () => {
  for (const defaults of [{}, { zone: "a" }]) {
    const registry = openMetricsRegistry();
    registry.setDefaultLabels(defaults);
    const handler = instrumentHandler(() => new Response("x"), {
      registry: registry as never,
      route: "/",
    });
    await (await handler(new Request("http://localhost/"))).text();
    const before = await scrapeAll(registry);
    const written = await registry.metrics();
    assertEquals(/^http_requests_total\{.*\} 1$/m.test(written), true, written);
    // The client writes the same again.
    assertEquals(await registry.metrics(), written);
    assertEquals(await scrapeAll(registry), before);
    await withLive([registry as Registry], async ({ mirror, families }) => {
      await registry.metrics();
      mirror.refresh();
      const text = await write(families());
      assertEquals(/^http_requests_total\{.*\} 1$/m.test(text), true, text);
    });
  }
});

import type { MetricsHandlerOptions } from "../../src/exposition/mod.ts";
import { metricsHandler } from "../../src/exposition/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as client from "prom-client";
import { withSetClock } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { scrape } from "./_scraping.ts";

const OPEN_METRICS = { accept: "application/openmetrics-text" };

/** A handler whose scrapes are counted, and wait until they are let go. */
function gated(options: MetricsHandlerOptions = {}) {
  const registry = new client.Registry();
  const gate = Promise.withResolvers<void>();
  let listed = 0;
  new client.Gauge({
    name: "waits",
    help: "W",
    registers: [registry],
    async collect() {
      await gate.promise;
      this.set(1);
    },
  });
  const list = registry.getMetricsAsArray.bind(registry);
  registry.getMetricsAsArray = () => {
    listed++;
    return list();
  };
  return {
    handler: metricsHandler({ registry, onError: () => {}, ...options }),
    open: gate.resolve,
    get made() {
      return listed;
    },
  };
}

test("metricsHandler() makes one answer for scrapes that overlap, and one place is enough", async () => {
  const it = gated({ maxInFlight: 1 });
  const scrapes = Array.from({ length: 40 }, () => scrape(it.handler));
  const head = it.handler(
    new Request("http://localhost/metrics", { method: "HEAD" }),
  );
  it.open();
  const answers = await Promise.all(scrapes);
  for (const { status, text } of answers) {
    assertEquals(status, 200);
    assertEquals(text, answers[0].text);
  }
  assertEquals(it.made, 1);
  const length = String(new TextEncoder().encode(answers[0].text).byteLength);
  assertEquals((await head).headers.get("content-length"), length);
  await scrape(it.handler);
  assertEquals(it.made, 2);
});

test("metricsHandler() shares no answer of another format, compression or name", async () => {
  const it = gated();
  const differing: Record<string, string>[] = [
    {},
    OPEN_METRICS,
    { "accept-encoding": "gzip" },
  ];
  const scrapes = differing.map((headers) => scrape(it.handler, headers));
  const named = it.handler(new Request("http://localhost/?name[]=waits"));
  it.open();
  await Promise.all([...scrapes, named]);
  assertEquals(it.made, 4);
});

const within = (seconds: string) => ({
  "x-prometheus-scrape-timeout-seconds": seconds,
});

test("metricsHandler() answers a scrape in its own time while a patient one waits", async () => {
  const it = gated();
  const patient = scrape(it.handler, within("600"));
  const hasty = await scrape(it.handler, within("0.2"));
  assertEquals(hasty.status, 200);
  assert(!hasty.text.includes("waits 1"), hasty.text);
  it.open();
  assertStringIncludes((await patient).text, "waits 1\n");
});

test("metricsHandler() gives a patient scrape its time while a hasty one is under way", async () => {
  const it = gated();
  const hasty = scrape(it.handler, within("0.2"));
  const patient = scrape(it.handler, within("60"));
  assert(!(await hasty).text.includes("waits 1"));
  it.open();
  assertStringIncludes((await patient).text, "waits 1\n");
});

test("metricsHandler() keeps an answer for as long as it may be coalesced", async () => {
  const it = gated({ coalesce: 1000 });
  it.open();
  await withSetClock(async (clock) => {
    for (const [ms, made] of [[0, 1], [999, 1], [1, 2], [999, 2]]) {
      clock.ms += ms;
      await scrape(it.handler);
      assertEquals(it.made, made);
    }
  });
});

test("metricsHandler() keeps no answer that has failures", async () => {
  const it = gated({ coalesce: 60_000 });
  await scrape(it.handler, within("0.2"));
  it.open();
  assertStringIncludes((await scrape(it.handler)).text, "waits 1\n");
});

test("metricsHandler() answers no more scrapes in a second than maxRate", async () => {
  const it = gated({ maxRate: 2, ownMetrics: true });
  it.open();
  await withSetClock(async (clock) => {
    const statuses = async (count: number) => {
      const found: number[] = [];
      for (let n = 0; n < count; n++) {
        found.push((await scrape(it.handler)).status);
      }
      return found;
    };
    clock.ms += 60_000;
    assertEquals(await statuses(3), [200, 200, 429]);
    clock.ms += 499;
    assertEquals(await statuses(1), [429]);
    clock.ms += 1;
    assertEquals(await statuses(2), [200, 429]);
    const refused = await scrape(it.handler);
    assertEquals(refused.headers.get("retry-after"), "1");
    clock.ms += 500;
    const { text } = await scrape(it.handler);
    assertStringIncludes(text, 'scrapes_total{code="429",format="none"} 4');
  });
});

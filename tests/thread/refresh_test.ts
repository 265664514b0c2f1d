import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { ageOf, countingGauge, RESPONSIVE } from "./_collectors.ts";
import {
  blockDuringScrapes,
  CLOCKS_MS,
  PATIENT_MS,
  scrape,
  valueOf,
  withThread,
} from "./_threads.ts";

const { Counter, Gauge, Registry, Summary } = client;

/** How often it is scraped while the main thread is blocked. */
const SCRAPES = 12;

const REFRESH_AGE = "prometheus_async_refresh_age_seconds";

test("scrapes of a server on a thread run the collectors of the main thread", async () => {
  const registry = new Registry();
  const runs = countingGauge(registry, "sync");
  let slept = 0;
  new Gauge({
    name: "async",
    help: "a",
    registers: [registry],
    async collect() {
      const startedAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 20));
      this.set(runs.count * 10);
      slept = (performance.now() - startedAt) / 1000;
    },
  });
  const summary = new Summary({ name: "s", help: "s", registers: [registry] });
  await withThread({ registry }, async (server) => {
    summary.observe(3);
    const before = runs.count;
    const text = await scrape(server);
    assertEquals(valueOf(text, "sync"), before + 1);
    assertEquals(valueOf(text, "async"), (before + 1) * 10);
    assertEquals(valueOf(text, "s_sum"), 3);
    assertEquals(valueOf(text, RESPONSIVE), 1);
    for (const name of ["sync", "async", "s"]) {
      assert(ageOf(text, name)! >= 0, `${name} has no age`);
    }
    const took = "prometheus_async_collector_duration_seconds";
    assert(valueOf(text, `${took}{collector="async"}`)! >= slept);
  });
});

test("the first scrape serves as it was what a collector has reset and not yet set", async () => {
  const registry = new Registry();
  const registers = [registry];
  const jobs = new Gauge({
    name: "jobs",
    help: "j",
    labelNames: ["state"],
    registers,
  });
  let isHanging = false;
  new Gauge({
    name: "asks",
    help: "a",
    registers,
    collect() {
      jobs.reset();
      if (isHanging) return new Promise<void>(() => {});
      jobs.set({ state: "waiting" }, 5);
    },
  });
  await withThread({ registry, timeout: 200 }, async (server) => {
    isHanging = true;
    assertEquals(valueOf(await scrape(server), 'jobs{state="waiting"}'), 5);
  });
});

test("what collectors found last is served while the main thread is blocked", async () => {
  const registry = new Registry();
  const runs = countingGauge(registry, "collected");
  const summary = new Summary({ name: "s", help: "s", registers: [registry] });
  summary.observe(1);
  await withThread({ registry, refreshTimeout: 50 }, async (server) => {
    // Even if nobody has scraped before.
    const { scrapes, late, startedAt } = await blockDuringScrapes(
      server.metricsUrl,
      100,
      SCRAPES,
      () => runs.count = 1000,
    );
    const silent = scrapes.filter(({ text }) =>
      valueOf(text, RESPONSIVE) === 0
    );
    assert(silent.length > 0, "no scrape found the main thread silent");
    const { at, ms, text } = silent.at(-1)!;
    assertEquals(valueOf(text, "s_count"), 1);
    assert(valueOf(text, "collected")! < 1000);
    // All of it is from before: at least as old as the scrape is late.
    const least = (at - ms - startedAt - CLOCKS_MS) / 1000;
    assert(ageOf(text, "collected")! >= least);
    assert(valueOf(text, REFRESH_AGE)! >= least);
    // When it turns again it finds what was asked before it was known to be
    // blocked, not what each scrape would have asked since, and what those ask
    // for that wait until then.
    let asked = late.length;
    await waitUntil(PATIENT_MS, "the main thread answers again", async () => {
      asked++;
      return valueOf(await scrape(server), RESPONSIVE) === 1;
    });
    const found = runs.count - 1000 - asked;
    assert(found < silent.length / 2, `${found} of ${silent.length} scrapes`);
  });
});

test("name[] runs the collectors of the wanted metrics only", async () => {
  const registry = new Registry();
  const a = countingGauge(registry, "a");
  const b = countingGauge(registry, "b");
  await withThread({ registry }, async (server) => {
    const before = [a.count, b.count];
    const text = await scrape(server, { search: "?name[]=b" });
    assertEquals([a.count, b.count], [before[0], before[1] + 1]);
    assertEquals([valueOf(text, "a"), valueOf(text, "b")], [
      undefined,
      b.count,
    ]);
  });
});

test("coalesce lets scrapes share answers, and others what collectors found", async () => {
  const registry = new Registry();
  countingGauge(registry, "collected");
  const gauge = new Gauge({ name: "live", help: "l", registers: [registry] });
  await withThread({ registry, coalesce: 600_000 }, async (server) => {
    const first = valueOf(await scrape(server), "collected");
    gauge.set(5);
    const shared = await scrape(server);
    assertEquals(valueOf(shared, "collected"), first);
    assertEquals(valueOf(shared, "live"), 0);
    const accept = "application/openmetrics-text";
    const other = await scrape(server, { headers: { accept } });
    assertEquals(valueOf(other, "collected"), first);
    assertEquals(valueOf(other, "live"), 5);
  });
});

test("the page for people names what is not live, and why", async () => {
  const registry = new Registry();
  new Gauge({ name: "live", help: "l", registers: [registry] });
  new Summary({ name: "quantiles", help: "q", registers: [registry] });
  let runs = 0;
  new Gauge({
    name: "failing",
    help: "f",
    registers: [registry],
    collect() {
      runs++;
      throw new Error("no luck");
    },
  });
  await withThread({ registry }, async (server) => {
    const before = runs;
    const page = await (await fetch(server.url)).text();
    assertEquals(runs, before, "a page for people runs collectors");
    assertStringIncludes(page, "3 in a registry of the application, made by");
    assertStringIncludes(page, "1 not live");
    assert(/<td>quantiles<\/td><td>[^<]+<\/td>/.test(page), page);
  });
});

test("a series names each metric that is not live, also while the main thread is blocked", async () => {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({ name: "live_total", help: "l", registers });
  new Summary({ name: "summed", help: "s", registers });
  const patched = new Gauge({ name: "patched", help: "p", registers });
  const notLive = (name: string) =>
    `prometheus_async_not_live{metric="${name}"}`;
  const onError = () => {};
  await withThread(
    { registry, refreshTimeout: 50, onError },
    async (server) => {
      const before = await scrape(server);
      assertEquals(valueOf(before, notLive("summed")), 1);
      for (const name of ["live_total", "patched"]) {
        assertEquals(valueOf(before, notLive(name)), undefined, name);
      }
      // From the next look on it is asked for its values.
      patched.get = () => Object.getPrototypeOf(patched).get.call(patched);
      patched.set(1);
      await scrape(server);
      const { scrapes } = await blockDuringScrapes(
        server.metricsUrl,
        100,
        SCRAPES,
        () => {
          counter.inc();
          patched.set(2);
        },
      );
      for (const { text } of scrapes) {
        assertEquals(valueOf(text, notLive("patched")), 1);
        assertEquals(valueOf(text, "patched"), 1);
        assertEquals(valueOf(text, notLive("live_total")), undefined);
      }
    },
  );
});

test("scrapes in every format have what the main thread's age tells", async () => {
  const registry = new Registry();
  new Counter({ name: "c_total", help: "c", registers: [registry] }).inc();
  await withThread({ registry }, async (server) => {
    for (const format of ["text-1.0.0", "openmetrics-1.0.0"]) {
      const text = await scrape(server, { search: `?format=${format}` });
      assertEquals(valueOf(text, RESPONSIVE), 1, text);
      assertEquals(valueOf(text, "c_total"), 1, text);
    }
    const head = await fetch(server.metricsUrl, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
    const post = await fetch(server.metricsUrl, { method: "POST" });
    assertEquals([post.status, await post.text()], [
      405,
      "Method Not Allowed\n",
    ]);
  });
});

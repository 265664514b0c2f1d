import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CollectorError } from "../../src/errors.ts";
import { startHttpServerInThreadSync } from "../../src/thread/mod.ts";
import type { Registry } from "../../src/types.ts";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import {
  block,
  PATIENT_MS,
  scrape,
  scrapeDuring,
  valueOf,
  withThread,
} from "./_threads.ts";

const { Counter, Gauge, Histogram, Registry, Summary } = client;

const RESPONSIVE = "prometheus_async_main_thread_responsive";
const REFRESH_AGE = "prometheus_async_refresh_age_seconds";

/** A gauge whose value is how often its collector has run. */
function countingGauge(registry: InstanceType<typeof Registry>, name: string) {
  const runs = { count: 0 };
  new Gauge({
    name,
    help: "Runs",
    registers: [registry],
    collect() {
      this.set(++runs.count);
    },
  });
  return runs;
}

function failuresOf(text: string, collector: string, failure: string): number {
  const labels = `{collector="${collector}",failure="${failure}"}`;
  return valueOf(
    text,
    `prometheus_async_collector_failures_total${labels}`,
  ) ?? 0;
}

function ageOf(text: string, collector: string): number | undefined {
  return valueOf(
    text,
    `prometheus_async_collector_age_seconds{collector="${collector}"}`,
  );
}

test("scrapes of a server on a thread run the collectors of the main thread", async () => {
  const registry = new Registry();
  const runs = countingGauge(registry, "sync");
  new Gauge({
    name: "async",
    help: "a",
    registers: [registry],
    async collect() {
      await new Promise((resolve) => setTimeout(resolve, 20));
      this.set(runs.count * 10);
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
    assert(valueOf(text, `${took}{collector="async"}`)! >= 0.015);
  });
});

test("what collectors found last is served while the main thread is blocked", async () => {
  const registry = new Registry();
  const runs = countingGauge(registry, "collected");
  const summary = new Summary({ name: "s", help: "s", registers: [registry] });
  summary.observe(1);
  await withThread({ registry, refreshTimeout: 50 }, async (server) => {
    // Even if nobody has scraped before.
    let blockedUntil = 0;
    const scrapes = await scrapeDuring(server.metricsUrl, 100, () => {
      runs.count = 1000;
      block(3000);
      blockedUntil = Date.now();
    });
    // One that waited in vain may find what the main thread does at last.
    const { text } = scrapes.findLast(({ at, text }) =>
      at < blockedUntil && valueOf(text, RESPONSIVE) === 0
    )!;
    assertEquals(valueOf(text, "s_count"), 1);
    assert(valueOf(text, "collected")! < 1000);
    assert(ageOf(text, "collected")! > 0.3);
    assert(valueOf(text, REFRESH_AGE)! > 0.3);
    // It finds no more than what was asked before it was known to be blocked.
    // And what those ask for that wait until it turns.
    const late = scrapes.filter(({ at }) => at >= blockedUntil);
    let most = 1000 + 1 + late.length;
    await waitUntil(PATIENT_MS, "the main thread answers again", async () => {
      most++;
      return valueOf(await scrape(server), RESPONSIVE) === 1;
    });
    assert(runs.count <= most, `${runs.count - 1000} runs`);
  });
});

test("a collector that hangs costs a scrape its deadline once, and nothing else", async () => {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({ name: "c_total", help: "c", registers });
  const hang = Promise.withResolvers<void>();
  let isHanging = false;
  const hanging = new Gauge({
    name: "hanging",
    help: "h",
    registers,
    collect() {
      return isHanging ? hang.promise : undefined;
    },
  });
  hanging.set(7);
  const other = countingGauge(registry, "other");
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const timeout = 5000;
  await withThread({ registry, timeout, onError }, async (server) => {
    assertEquals(valueOf(await scrape(server), "hanging"), 7);
    isHanging = true;
    counter.inc();
    const startedAt = performance.now();
    const first = await scrape(server);
    const took = performance.now() - startedAt;
    assert(took >= timeout * 0.9, "the deadline was not used");
    assertEquals(failuresOf(first, "hanging", "timeout"), 1);
    // What it was is last known, and all others are as they are.
    assertEquals(valueOf(first, "hanging"), 7);
    assertEquals(valueOf(first, "c_total"), 1);
    assertEquals(valueOf(first, "other"), other.count);
    assertEquals(valueOf(first, RESPONSIVE), 1);
    const before = performance.now();
    const second = await scrape(server);
    assert(performance.now() - before < timeout, "it is waited for again");
    assertEquals(failuresOf(second, "hanging", "timeout"), 2);
    assert(ageOf(second, "hanging")! > ageOf(second, "other")!);
    await waitUntil(
      PATIENT_MS,
      "both failures are told",
      () => errors.length === 2,
    );
    const [error] = errors as CollectorError[];
    assert(error instanceof CollectorError);
    assertEquals([error.collector, error.failure], ["hanging", "timeout"]);
    // It was told that it takes too long; how it ends is not told, too.
    isHanging = false;
    hang.reject(new Error("too late"));
    await waitUntil(
      PATIENT_MS,
      "it is collected again",
      async () => ageOf(await scrape(server), "hanging")! < 1,
    );
    assertEquals(failuresOf(await scrape(server), "hanging", "error"), 0);
  });
});

test("a collector that throws is named, and its error is the application's own", async () => {
  const registry = new Registry();
  const cause = Object.assign(new Error("no luck"), { own: { deep: true } });
  const throwing = new Gauge({
    name: "throwing",
    help: "t",
    registers: [registry],
    collect() {
      throw cause;
    },
  });
  throwing.set(3);
  const errors: CollectorError[] = [];
  const onError = (error: unknown) => void errors.push(error as CollectorError);
  await withThread({ registry, onError }, async (server) => {
    const text = await scrape(server);
    assertEquals(valueOf(text, "throwing"), 3);
    assertEquals(failuresOf(text, "throwing", "error"), 1);
    await waitUntil(PATIENT_MS, "it is told", () => errors.length === 1);
    assertEquals(errors[0].cause, cause);
  });
  await withThread({ registry, failOnError: true, onError }, async (server) => {
    assertStringIncludes(await scrape(server), "500 ");
  });
});

test("a failure that comes after its scrape is counted in the next one", async () => {
  const registry = new Registry();
  new Gauge({
    name: "busy",
    help: "b",
    registers: [registry],
    collect() {
      block(500);
      throw new Error("no luck");
    },
  });
  const errors: unknown[] = [];
  const options = {
    registry,
    refreshTimeout: 50,
    onError: (error: unknown) => void errors.push(error),
  };
  await withThread(options, async (server) => {
    await waitUntil(
      PATIENT_MS,
      "it is counted",
      async () => failuresOf(await scrape(server), "busy", "error") > 0,
    );
    await waitUntil(PATIENT_MS, "it is told", () => errors.length > 0);
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

test("coalesce lets scrapes share what collectors found, but not live values", async () => {
  const registry = new Registry();
  countingGauge(registry, "collected");
  const gauge = new Gauge({ name: "live", help: "l", registers: [registry] });
  await withThread({ registry, coalesce: 600_000 }, async (server) => {
    const first = valueOf(await scrape(server), "collected");
    gauge.set(5);
    const text = await scrape(server);
    assertEquals([valueOf(text, "collected"), valueOf(text, "live")], [
      first,
      5,
    ]);
  });
});

test("a function that yields registries runs on the main thread with each scrape", async () => {
  const registries = ["a", "b", "c"].map((name) => {
    const registry = new Registry();
    new Gauge({ name, help: name, registers: [registry] }).set(1);
    return registry;
  });
  const namesIn = (text: string) =>
    ["a", "b", "c"].filter((name) => valueOf(text, name) === 1).join("");
  let list: () => Registry | Registry[] | Promise<Registry[]> = () =>
    registries[0];
  const errors: unknown[] = [];
  const options = {
    registry: () => list(),
    onError: (error: unknown) => void errors.push(error),
  };
  const hasty = { headers: { "x-prometheus-scrape-timeout-seconds": "1" } };
  await withThread({ ...options, timeout: PATIENT_MS }, async (server) => {
    assertEquals(namesIn(await scrape(server)), "a");
    list = () => [registries[1], registries[2]];
    assertEquals(namesIn(await scrape(server)), "bc");
    list = () => Promise.resolve([registries[0], registries[2]]);
    assertEquals(namesIn(await scrape(server)), "ac");
    list = () => {
      throw new Error("no registries");
    };
    assertEquals(namesIn(await scrape(server)), "ac");
    assertEquals(errors.map(String), ["Error: no registries"]);
    errors.length = 0;
    list = () => new Promise(() => {});
    for (let n = 0; n < 2; n++) {
      const text = await scrape(server, hasty);
      assertEquals([namesIn(text), valueOf(text, RESPONSIVE)], ["ac", 1]);
      await waitUntil(PATIENT_MS, "it is told", () => errors.length > 0);
    }
    assertEquals(errors.length, 1);
    assertStringIncludes(String(errors[0]), "must yield before");
    // It is asked again all the same.
    list = () => registries[1];
    assertEquals(namesIn(await scrape(server)), "b");
  });
  // What is not served any more is what it was.
  for (const registry of registries) {
    const [metric] = registry.getMetricsAsArray();
    const own = Object.getOwnPropertyNames(registry);
    assert(!own.includes("registerMetric"), `${metric.name} is attached`);
  }
});

test("metrics and label sets come and go in a server on a thread", async () => {
  const registry = new Registry();
  const registers = [registry];
  const gauge = new Gauge({
    name: "g",
    help: "g",
    labelNames: ["n"],
    registers,
    collect() {},
  });
  gauge.set({ n: 1 }, 1);
  await withThread({ registry }, async (server) => {
    const first = await scrape(server);
    assertEquals(
      [valueOf(first, 'g{n="1"}'), ageOf(first, "g") !== undefined],
      [
        1,
        true,
      ],
    );
    gauge.remove({ n: 1 });
    gauge.set({ n: 2 }, 2);
    assertStringIncludes(await scrape(server), 'g{n="2"} 2');
    registry.clear();
    const histogram = new Histogram({ name: "h", help: "h", registers });
    histogram.observe(1);
    registry.setDefaultLabels({ app: "test" });
    const text = await scrape(server);
    assertEquals(valueOf(text, 'h_count{app="test"}'), 1);
    assert(!text.includes("g{"), text);
    assertEquals(ageOf(text, "g"), undefined);
  });
});

test("default metrics are served from a thread, and by two servers at once", async () => {
  const registry = new Registry();
  client.collectDefaultMetrics({ register: registry });
  const other = startHttpServerInThreadSync({
    addr: "127.0.0.1",
    registry,
    refreshTimeout: PATIENT_MS,
  });
  try {
    await withThread({ registry }, async (server) => {
      for (const each of [server, other, server]) {
        const text = await scrape(each);
        assert(valueOf(text, "process_resident_memory_bytes")! > 1e6, text);
        assertStringIncludes(text, "nodejs_version_info{");
        assertEquals(valueOf(text, RESPONSIVE), 1);
      }
    });
    const text = await scrape(other);
    assert(valueOf(text, "process_resident_memory_bytes")! > 1e6);
  } finally {
    other.closeSync();
  }
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

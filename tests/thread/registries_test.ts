import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startHttpServerInThreadSync } from "../../src/thread/mod.ts";
import type { Registry } from "../../src/types.ts";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { ageOf, RESPONSIVE } from "./_collectors.ts";
import { PATIENT_MS, scrape, valueOf, withThread } from "./_threads.ts";

const { Gauge, Histogram, Registry } = client;

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
    assertStringIncludes(String(errors[0]), "did not yield before");
    // It is asked again all the same.
    list = () => registries[1];
    assertEquals(namesIn(await scrape(server)), "b");
  });
  // A registry that is served no more is what it was.
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

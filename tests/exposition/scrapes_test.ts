import { metricsHandler } from "../../src/exposition/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { registryOf } from "./_collecting.ts";
import { reporting, scrape } from "./_scraping.ts";

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
  const startedAt = performance.now();
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
  const passed = (performance.now() - startedAt) / 1000;
  assert(Number(seconds) >= 0 && Number(seconds) <= passed, `${seconds} s`);
  assertEquals(text.includes('collector="steady"'), false);
});

test("metricsHandler() counts from 0 what may go wrong, and nothing else", async () => {
  let isFailing = false;
  const { handler } = reporting(
    registryOf({
      works() {
        if (isFailing) throw new Error("no");
        this.set(1);
      },
      waits: () => Promise.resolve(),
    }),
    { ownMetrics: true },
  );
  const read = async (headers?: Record<string, string>) => {
    const { text } = await scrape(handler, headers);
    return text.split("\n").filter((line) =>
      /^prometheus_async_(scrapes|collector_failures)_total\{/.test(line)
    ).map((line) => line.replace("prometheus_async_", ""));
  };
  const accept = "application/openmetrics-text;version=1.0.0";
  const failures = (works: number) => [
    `collector_failures_total{collector="works",failure="error"} ${works}`,
    'collector_failures_total{collector="works",failure="timeout"} 0',
    'collector_failures_total{collector="waits",failure="error"} 0',
    'collector_failures_total{collector="waits",failure="timeout"} 0',
  ];
  const scrapes = (inOpenMetrics: number) => [
    `scrapes_total{code="200",format="openmetrics 1.0.0"} ${inOpenMetrics}`,
    'scrapes_total{code="500",format="none"} 0',
    'scrapes_total{code="503",format="none"} 0',
  ];
  assertEquals(await read({ accept }), [...failures(0), ...scrapes(0)]);
  isFailing = true;
  assertEquals(await read({ accept }), [...failures(1), ...scrapes(1)]);
  // Another format appears when there is an answer in it.
  assertEquals(await read(), [...failures(2), ...scrapes(2)]);
  assertEquals(await read(), [
    ...failures(3),
    ...scrapes(2),
    'scrapes_total{code="200",format="text 0.0.4"} 1',
  ]);
});

test("metricsHandler() serves nothing of its own when nothing failed", async () => {
  const { text } = await scrape(metricsHandler({ registry: registryOf({}) }));
  assertEquals(text, "# HELP steady steady\n# TYPE steady gauge\nsteady 1\n");
});

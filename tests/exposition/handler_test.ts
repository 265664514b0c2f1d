import { metricsHandler, serverStats } from "../../src/exposition/mod.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as promClient from "prom-client";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { CONTENT_TYPE, FILLED, filledRegistry, scrape } from "./_filled.ts";

test("metricsHandler() serves every type of metric", async () => {
  const response = await metricsHandler({ registry: filledRegistry(client) })(
    scrape(),
  );
  assertEquals(response.status, 200);
  assertEquals(await response.text(), FILLED);
});

test("metricsHandler() says what it sends", async () => {
  const handler = metricsHandler({ registry: filledRegistry(client) });
  const { headers } = await handler(scrape());
  assertEquals(headers.get("content-type"), CONTENT_TYPE);
  assertEquals(headers.get("content-length"), String(FILLED.length));
  assertEquals(headers.get("vary"), "Accept, Accept-Encoding");
  assertEquals(headers.get("content-encoding"), null);
});

test("metricsHandler() leaves the registry as it was", async () => {
  const registry = filledRegistry(client);
  const before = await registry.metrics();
  const handler = metricsHandler({ registry });
  const texts = new Set<string>();
  for (let n = 0; n < 3; n++) texts.add(await (await handler(scrape())).text());
  assertEquals(texts.size, 1);
  assertEquals(await registry.metrics(), before);
});

/** A registry with one gauge, which collects as it is told. */
function collecting(
  collect: (gauge: promClient.Gauge) => void,
): promClient.Registry {
  const registry = new client.Registry();
  new client.Gauge({
    name: "temp",
    help: "Temp",
    registers: [registry],
    collect() {
      collect(this);
    },
  });
  return registry;
}

test("metricsHandler() adds the registry's default labels", async () => {
  const registry = new client.Registry();
  registry.setDefaultLabels({ app: "demo", at: "default" });
  new client.Gauge({
    name: "temp",
    help: "Temp",
    labelNames: ["at"],
    registers: [registry],
  }).labels("home").set(1);
  const response = await metricsHandler({ registry })(scrape());
  assertStringIncludes(
    await response.text(),
    'temp{app="demo",at="home"} 1\n',
  );
});

test("metricsHandler() runs the collectors of the metrics", async () => {
  const registry = collecting((gauge) => gauge.set(42));
  const response = await metricsHandler({ registry })(scrape());
  assertStringIncludes(await response.text(), "temp 42\n");
});

test("metricsHandler() runs the collectors at once", async () => {
  const registry = new client.Registry();
  const [first, second] = [
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
  ];
  // Each waits for the other to have begun.
  for (
    const [name, mine, other] of [["a", first, second], [
      "b",
      second,
      first,
    ]] as const
  ) {
    new client.Gauge({
      name,
      help: name,
      registers: [registry],
      async collect() {
        mine.resolve();
        await other.promise;
      },
    });
  }
  const response = await metricsHandler({ registry })(scrape());
  assertEquals(response.status, 200);
});

test("metricsHandler() refuses options that cannot be", () => {
  const { Registry } = client;
  const wrong: [
    options: unknown,
    errorClass: typeof TypeError,
    text: string,
  ][] = [
    [{ registry: null }, TypeError, "must have the method getMetricsAsArray"],
    [{ registry: {} }, TypeError, "must have the method getMetricsAsArray"],
    [{ registry: "r" }, TypeError, 'received "r"'],
    [{ registry: [new Registry(), 1] }, TypeError, "received 1"],
    [{ timeout: "1" }, TypeError, "timeout must be a number"],
    [{ timeout: 0 }, RangeError, "timeout must be a number from 1 to"],
    [{ timeout: 2 ** 31 }, RangeError, "received 2147483648"],
    [{ timeout: NaN }, RangeError, "received NaN"],
    [{ coalesce: -1 }, RangeError, "coalesce must be a number from 0 to"],
    [{ maxInFlight: 0 }, RangeError, "maxInFlight must be a number from 1"],
    [{ failOnError: 1 }, TypeError, "failOnError must be a boolean"],
    [{ compress: "gzip" }, TypeError, "compress must be a boolean"],
    [{ ownMetrics: null }, TypeError, "ownMetrics must be a boolean"],
    [{ onError: {} }, TypeError, "onError must be a function"],
    [{ registery: new Registry() }, TypeError, "received registery"],
    [{ maxinflight: 1 }, TypeError, "received maxinflight for maxInFlight"],
  ];
  for (const [options, errorClass, text] of wrong) {
    assertThrows(() => metricsHandler(options as never), errorClass, text);
  }
});

test("metricsHandler() refuses a cluster's registry and names the way out", async () => {
  const registry = new client.AggregatorRegistry();
  assertThrows(
    () => metricsHandler({ registry }),
    TypeError,
    "its `clusterMetrics()`",
  );
  const response = await metricsHandler({
    registry: () => registry,
    onError: () => {},
  })(scrape());
  assertEquals(response.status, 500);
  assertStringIncludes(await response.text(), "AggregatorRegistry");
});

test("metricsHandler() refuses the successor's registry of threads and names the way out", async () => {
  const { WorkerRegistry } = await import("@prometheus-io/client");
  assertThrows(
    () => metricsHandler({ registry: new WorkerRegistry() }),
    TypeError,
    "its `workerMetrics()`",
  );
});

test("metricsHandler() answers interleaved scrapes alike in every format", async () => {
  const registry = filledRegistry(client);
  const before = await registry.metrics();
  const names = () => registry.getMetricsAsArray().map(({ name }) => name);
  const namesBefore = names();
  const handler = metricsHandler({ registry });
  const accepts = [
    "text/plain;version=0.0.4",
    "text/plain;version=1.0.0;escaping=allow-utf-8",
    "application/openmetrics-text;version=1.0.0",
    "application/openmetrics-text;version=0.0.1",
  ];
  const answers: Record<string, Set<string>> = {};
  await Promise.all(Array.from({ length: 1000 }, async (_, n) => {
    const accept = accepts[n % accepts.length];
    const headers: Record<string, string> = { accept };
    const response = await handler(scrape({ headers }));
    (answers[accept] ??= new Set()).add(
      `${response.headers.get("content-type")}\n${await response.text()}`,
    );
  }));
  assertEquals(accepts.map((accept) => answers[accept].size), [1, 1, 1, 1]);
  assertEquals(names(), namesBefore);
  assertEquals(await registry.metrics(), before);
});

test("serverStats() serves the global registry of a client that is loaded", async () => {
  const name = "test_server_stats_total";
  new promClient.Counter({ name, help: "cnt" }).inc();
  try {
    const response = await serverStats(scrape());
    assertEquals(response.headers.get("content-type"), CONTENT_TYPE);
    assertStringIncludes(
      await response.text(),
      `# HELP ${name} cnt\n# TYPE ${name} counter\n${name} 1\n`,
    );
  } finally {
    promClient.register.removeSingleMetric(name);
  }
});

test("a default handler tells once that the application has no metrics", async () => {
  promClient.register.clear();
  const told: string[] = [];
  const handler = metricsHandler({ onError: (error) => told.push(`${error}`) });
  for (let n = 0; n < 2; n++) await (await handler(scrape())).text();
  assertEquals(told.length, 1);
  assertStringIncludes(told[0], "pass `registry`");
});

test("serverStats() refuses what is no request and names the way out", async () => {
  for (const wrong of [undefined, {}, { req: { raw: scrape() } }]) {
    await assertRejects(
      () => serverStats(wrong as never),
      TypeError,
      'app.get("/metrics", metrics())',
    );
  }
});

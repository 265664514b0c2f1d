import { metricsHandler, serverStats } from "../../src/exposition/mod.ts";
import type { Registry } from "../../src/types.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { gunzipSync } from "node:zlib";
import * as promClient from "prom-client";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const scrape = (init?: RequestInit) =>
  new Request("http://localhost/metrics", init);

function filledRegistry(): promClient.Registry {
  const { Counter, Gauge, Histogram, Registry, Summary } = client;
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "jobs_total", help: "Jobs", registers }).inc(3);
  new Gauge({ name: "temp", help: "Temp", labelNames: ["at"], registers })
    .labels("home").set(-1.5);
  new Histogram({ name: "h", help: "H", buckets: [1, 2], registers }).observe(
    1.5,
  );
  new Summary({ name: "s", help: "S", percentiles: [0.5], registers }).observe(
    2,
  );
  return registry;
}

const FILLED = `# HELP jobs_total Jobs
# TYPE jobs_total counter
jobs_total 3
# HELP temp Temp
# TYPE temp gauge
temp{at="home"} -1.5
# HELP h H
# TYPE h histogram
h_bucket{le="1"} 0
h_bucket{le="2"} 1
h_bucket{le="+Inf"} 1
h_sum 1.5
h_count 1
# HELP s S
# TYPE s summary
s{quantile="0.5"} 2
s_sum 2
s_count 1
`;

test("metricsHandler() serves every type of metric", async () => {
  const response = await metricsHandler({ registry: filledRegistry() })(
    scrape(),
  );
  assertEquals(response.status, 200);
  assertEquals(await response.text(), FILLED);
});

test("metricsHandler() says what it sends", async () => {
  const handler = metricsHandler({ registry: filledRegistry() });
  const { headers } = await handler(scrape());
  assertEquals(headers.get("content-type"), CONTENT_TYPE);
  assertEquals(headers.get("content-length"), String(FILLED.length));
  assertEquals(headers.get("vary"), "Accept, Accept-Encoding");
  assertEquals(headers.get("content-encoding"), null);
});

test("metricsHandler() leaves the registry as it was", async () => {
  const registry = filledRegistry();
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

test("metricsHandler() answers 500 with the reason when a collector fails", async () => {
  const registry = collecting(() => {
    throw new Error("sensor is gone");
  });
  const response = await metricsHandler({ registry })(scrape());
  assertEquals(response.status, 500);
  assertStringIncludes(await response.text(), "sensor is gone");
});

test("metricsHandler() answers 500 whatever a collector throws", async () => {
  for (const thrown of [undefined, null, "no", Object.create(null), Symbol()]) {
    const registry = {
      getMetricsAsArray: () => [{
        name: "a",
        get: () => Promise.reject(thrown),
      }],
    };
    const response = await metricsHandler({ registry })(scrape());
    assertEquals(response.status, 500);
    assertStringIncludes(await response.text(), "Cannot gather metrics: ");
  }
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

test("metricsHandler() refuses what is no registry", () => {
  for (const registry of [null, {}, "register"]) {
    assertThrows(
      () => metricsHandler({ registry: registry as never }),
      TypeError,
      "registry must have the method getMetricsAsArray()",
    );
  }
});

test("metricsHandler() compresses with gzip when that is accepted", async () => {
  const registry = new client.Registry();
  const gauge = new client.Gauge({
    name: "temp",
    help: "Temp",
    labelNames: ["n"],
    registers: [registry],
  });
  for (let n = 0; n < 100; n++) gauge.labels(String(n)).set(n);
  const handler = metricsHandler({ registry });
  const get = (acceptEncoding: string) =>
    handler(scrape({ headers: { "accept-encoding": acceptEncoding } }));

  const plain = await (await handler(scrape())).text();
  const response = await get("gzip");
  const body = new Uint8Array(await response.arrayBuffer());
  assertEquals(response.headers.get("content-encoding"), "gzip");
  assertEquals(response.headers.get("content-length"), String(body.length));
  assert(body.length < plain.length);
  assertEquals(gunzipSync(body).toString(), plain);

  assertEquals((await get("*")).headers.get("content-encoding"), "gzip");
  for (const refused of ["identity", "gzip;q=0", "br", ""]) {
    const response = await get(refused);
    assertEquals(response.headers.get("content-encoding"), null, refused);
    assertEquals(await response.text(), plain);
  }
});

test("metricsHandler() sends a small body as it is", async () => {
  const response = await metricsHandler({ registry: filledRegistry() })(
    scrape({ headers: { "accept-encoding": "gzip" } }),
  );
  assertEquals(response.headers.get("content-encoding"), null);
  assertEquals(await response.text(), FILLED);
});

test("metricsHandler() answers HEAD with the headers alone", async () => {
  const response = await metricsHandler({ registry: filledRegistry() })(
    scrape({ method: "HEAD" }),
  );
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), CONTENT_TYPE);
  assertEquals(await response.text(), "");
});

test("metricsHandler() answers other methods with 405", async () => {
  const handler = metricsHandler({ registry: filledRegistry() });
  for (const method of ["POST", "PUT", "DELETE"]) {
    const response = await handler(scrape({ method }));
    assertEquals(response.status, 405);
    assertEquals(response.headers.get("allow"), "GET, HEAD");
  }
});

test("metricsHandler() answers 500 when the registry holds no metric", async () => {
  const wrong: [Registry, string][] = [
    [
      { getMetricsAsArray: () => [{ name: "a" }] },
      "must have the method get()",
    ],
    [{
      getMetricsAsArray: () => [{
        name: "a",
        get: () =>
          Promise.resolve({ name: "a", help: "", type: "info", values: [] }),
      }],
    }, 'received "info"'],
  ];
  for (const [registry, reason] of wrong) {
    const response = await metricsHandler({ registry })(scrape());
    assertEquals(response.status, 500);
    assertStringIncludes(await response.text(), reason);
  }
});

test("serverStats() serves the global registry of prom-client", async () => {
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

test("serverStats() refuses what is no request and names the way out", async () => {
  for (const wrong of [undefined, {}, { req: { raw: scrape() } }]) {
    await assertRejects(
      () => serverStats(wrong as never),
      TypeError,
      "serverStats(c.req.raw)",
    );
  }
});

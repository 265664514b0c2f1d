import {
  type MetricsHandler,
  metricsHandler,
  serverStats,
} from "../../src/exposition/mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import {
  brotliDecompressSync,
  gunzipSync,
  zstdDecompressSync,
} from "node:zlib";
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

/** A registry whose metrics take more than a kilobyte. */
function bigRegistry(): promClient.Registry {
  const registry = new client.Registry();
  const gauge = new client.Gauge({
    name: "temp",
    help: "Temp",
    labelNames: ["n"],
    registers: [registry],
  });
  for (let n = 0; n < 100; n++) gauge.labels(String(n)).set(n);
  return registry;
}

/** Scrapes with an Accept-Encoding, and undoes the encoding. */
async function scrapeEncoded(
  handler: MetricsHandler,
  acceptEncoding: string,
): Promise<{ encoding: string | null; text: string; bytes: number }> {
  const { headers, ...response } = await handler(
    scrape({ headers: { "accept-encoding": acceptEncoding } }),
  ).then(async (response) => ({
    headers: response.headers,
    body: new Uint8Array(await response.arrayBuffer()),
  }));
  const { body } = response;
  assertEquals(headers.get("content-length"), String(body.length));
  const encoding = headers.get("content-encoding");
  const decode = {
    gzip: gunzipSync,
    br: brotliDecompressSync,
    zstd: zstdDecompressSync,
  }[encoding ?? ""] ?? Buffer.from;
  return { encoding, text: decode(body).toString(), bytes: body.length };
}

test("metricsHandler() compresses as the request likes best", async () => {
  const handler = metricsHandler({ registry: bigRegistry() });
  const plain = await (await handler(scrape())).text();
  const cases: [acceptEncoding: string, encoding: string | null][] = [
    ["gzip", "gzip"],
    ["GZip;q=0.5", "gzip"],
    ["deflate, gzip", "gzip"],
    ["br", "br"],
    ["zstd", "zstd"],
    ["gzip, br, zstd", "gzip"],
    ["zstd, gzip", "zstd"],
    ["gzip;q=0.5, br, zstd;q=0.9", "br"],
    ["gzip;q=1, br;q=0.9", "gzip"],
    ["*", "gzip"],
    ["gzip;q=0, *", "zstd"],
    ["identity", null],
    ["gzip;q=0", null],
    ["deflate", null],
    ["", null],
    ["garbage;;q=,,", null],
  ];
  for (const [acceptEncoding, expected] of cases) {
    const { encoding, text, bytes } = await scrapeEncoded(
      handler,
      acceptEncoding,
    );
    assertEquals(encoding, expected, acceptEncoding);
    assertEquals(text, plain, acceptEncoding);
    assertEquals(bytes < plain.length, expected !== null);
  }
});

test("metricsHandler() compresses large bodies whole", async () => {
  const registry = new client.Registry();
  const gauge = new client.Gauge({
    name: "temp",
    help: "Temp",
    labelNames: ["n"],
    registers: [registry],
  });
  for (let n = 0; n < 20_000; n++) gauge.labels(`${n * n}`).set(Math.sqrt(n));
  const handler = metricsHandler({ registry });
  const plain = await (await handler(scrape())).text();
  assert(plain.length > 500_000);
  for (const encoding of ["gzip", "br", "zstd"]) {
    const { text } = await scrapeEncoded(handler, encoding);
    assert(text === plain, encoding);
  }
});

test("metricsHandler() does not compress when it is told not to", async () => {
  const handler = metricsHandler({ registry: bigRegistry(), compress: false });
  assertEquals((await scrapeEncoded(handler, "gzip")).encoding, null);
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

test("metricsHandler() answers OPTIONS and other methods with what it allows", async () => {
  const handler = metricsHandler({ registry: filledRegistry() });
  const cases = { OPTIONS: 204, POST: 405, PUT: 405, DELETE: 405, PATCH: 405 };
  for (const [method, status] of Object.entries(cases)) {
    const response = await handler(scrape({ method }));
    assertEquals(response.status, status);
    assertEquals(response.headers.get("allow"), "GET, HEAD, OPTIONS");
  }
});

/** The names of the families in an answer. */
async function familyNames(response: Response): Promise<string[]> {
  return [...(await response.text()).matchAll(/^# TYPE (\S+)/gm)]
    .map(([, name]) => name);
}

test("metricsHandler() serves the families that name[] asks for", async () => {
  const handler = metricsHandler({ registry: filledRegistry() });
  const cases: [query: string, names: string[]][] = [
    ["", ["jobs_total", "temp", "h", "s"]],
    ["?other=1", ["jobs_total", "temp", "h", "s"]],
    ["?name[]=temp", ["temp"]],
    ["?name%5B%5D=temp&name%5B%5D=h", ["temp", "h"]],
    ["?name[]=jobs_total", ["jobs_total"]],
    ["?name[]=jobs", ["jobs_total"]],
    ["?name[]=h_bucket", ["h"]],
    ["?name[]=h_sum&name[]=s_count", ["h", "s"]],
    ["?name[]=temp_sum", []],
    ["?name[]=nothing", []],
  ];
  for (const [query, names] of cases) {
    const response = await handler(
      new Request(`http://localhost/metrics${query}`),
    );
    assertEquals(response.status, 200);
    assertEquals(await familyNames(response), names, query);
  }
});

test("metricsHandler() collects what name[] asks for and no more", async () => {
  const registry = new client.Registry();
  const collected: string[] = [];
  for (const name of ["a", "b"]) {
    new client.Gauge({
      name,
      help: name,
      registers: [registry],
      collect: () => void collected.push(name),
    });
  }
  const handler = metricsHandler({ registry });
  await handler(new Request("http://localhost/metrics?name[]=b"));
  assertEquals(collected, ["b"]);
});

test("metricsHandler() answers a bad query or URL with 400 and the reason", async () => {
  const handler = metricsHandler({ registry: filledRegistry() });
  const cases: [url: string, reason: string][] = [
    ["http://localhost/metrics?name[]=", 'must follow "name[]="'],
    ["http://localhost/metrics?name[]=temp&name[]=", 'must follow "name[]="'],
    ["http://localhost/metrics?name[]=%zz", "percent-encoded"],
    ["http://localhost/metrics?name[]=%ff", "UTF-8"],
    ["http://[", "no URL"],
  ];
  for (const [url, reason] of cases) {
    const { headers } = scrape();
    const response = await handler({ method: "GET", url, headers });
    assertEquals(response.status, 400);
    assertStringIncludes(await response.text(), reason);
  }
});

test("metricsHandler() reads a request's path where there is no host", async () => {
  const { headers } = scrape();
  const response = await metricsHandler({ registry: filledRegistry() })({
    method: "GET",
    url: "/metrics?name[]=temp",
    headers,
  });
  assertEquals(await familyNames(response), ["temp"]);
});

test("metricsHandler() ignores further arguments, as runtimes pass them", async () => {
  const handler: (...args: unknown[]) => Promise<Response> = metricsHandler({
    registry: filledRegistry(),
  }) as never;
  const response = await handler(scrape(), { remoteAddr: {} }, undefined);
  assertEquals(await response.text(), FILLED);
});

test("metricsHandler() answers interleaved scrapes alike in every format", async () => {
  const registry = filledRegistry();
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
      'app.get("/metrics", metrics())',
    );
  }
});

import {
  type MetricsHandler,
  metricsHandler,
} from "../../src/exposition/mod.ts";
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  brotliDecompressSync,
  gunzipSync,
  zstdDecompressSync,
} from "node:zlib";
import * as client from "prom-client";
import { test } from "../_suite.ts";
import { FILLED, filledRegistry, scrape } from "./_filled.ts";

/** A registry whose metrics take more than a kilobyte. */
function bigRegistry(): client.Registry {
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

test("metricsHandler() keeps apart what it compresses at once", async () => {
  const handlers = [1, 2, 3].map((factor) => {
    const registry = new client.Registry();
    const gauge = new client.Gauge({
      name: `temp_${factor}`,
      help: "Temp",
      labelNames: ["n"],
      registers: [registry],
    });
    // So many that each is written in parts, while others are.
    for (let n = 0; n < 30_000; n++) gauge.set({ n }, n / factor);
    return metricsHandler({ registry });
  });
  const plain = await Promise.all(
    handlers.map(async (handler) => (await handler(scrape())).text()),
  );
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(
      handlers.map((handler) => scrapeEncoded(handler, "gzip")),
    );
    for (const [i, { text }] of answers.entries()) assert(text === plain[i]);
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

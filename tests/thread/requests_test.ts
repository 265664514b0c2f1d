import { assert, assertEquals } from "@std/assert";
import * as client from "prom-client";
import { instrumentHandler } from "../../src/http/mod.ts";
import { test } from "../_suite.ts";
import { blockDuringScrapes, valueOf, withThread } from "./_threads.ts";

const REQUESTS = 'http_requests_total{method="GET",route="/",status="204"}';

test("a server on a thread shows requests that were measured since the main thread is blocked", async () => {
  const registry = new client.Registry();
  const handler = instrumentHandler(
    () => new Response(null, { status: 204 }),
    { registry, route: "/" },
  );
  const request = new Request("http://localhost/");
  handler(request);
  await withThread({ registry, refreshTimeout: 50 }, async (server) => {
    let requests = 1;
    const work = () => {
      handler(request);
      requests++;
    };
    const { scrapes } = await blockDuringScrapes(
      server.metricsUrl,
      50,
      8,
      work,
    );
    const counted = scrapes.map(({ text }) => valueOf(text, REQUESTS)!);
    assertEquals(counted, counted.toSorted((a, b) => a - b));
    // Each second scrape begins after a request that the one before did not see.
    assert(new Set(counted).size > 2, `counted ${counted}`);
    const response = await fetch(server.metricsUrl);
    assertEquals(valueOf(await response.text(), REQUESTS), requests);
  });
});

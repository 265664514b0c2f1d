import { startHttpServer } from "../../../src/server/mod.ts";
import { assertStringIncludes } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import * as client from "prom-client";
import { test } from "../../_suite.ts";

test("startHttpServer() answers a scrape whose collector takes long", async () => {
  const registry = new client.Registry();
  new client.Gauge({
    name: "slow",
    help: "Slow",
    registers: [registry],
    async collect() {
      // Left to itself Bun drops a connection after ten to twelve seconds.
      await sleep(13_000);
      this.set(42);
    },
  });
  const server = await startHttpServer({ addr: "127.0.0.1", registry });
  try {
    const response = await fetch(server.metricsUrl, {
      headers: { "x-prometheus-scrape-timeout-seconds": "60" },
    });
    assertStringIncludes(await response.text(), "slow 42\n");
  } finally {
    await server.close();
  }
});

import { runtimeName } from "../../../src/runtime/detect.ts";
import { startHttpServer } from "../../../src/server/mod.ts";
import { assertStringIncludes } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import * as client from "prom-client";
import { test } from "../../_suite.ts";

/**
 * Left to itself Bun drops a connection after ten to twelve seconds; others wait
 * for longer than a test can.
 */
const SLOW_MS = runtimeName() === "bun" ? 13_000 : 1_000;

test("startHttpServer() answers a scrape whose collector takes long", async () => {
  const registry = new client.Registry();
  new client.Gauge({
    name: "slow",
    help: "Slow",
    registers: [registry],
    async collect() {
      await sleep(SLOW_MS);
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

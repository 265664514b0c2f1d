import {
  type DiscoveryContext,
  startHttpServerInThread,
} from "../../src/thread/mod.ts";
import { assertEquals } from "@std/assert";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as client from "prom-client";
import { test } from "../_suite.ts";

const ROOT = join(import.meta.dirname!, "../..");

/** The package's own metrics with their types, as the tables of docs/ have them. */
async function documented(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const page of glob("docs/*.md", { cwd: ROOT })) {
    const text = await readFile(join(ROOT, page), "utf8");
    const rows = text.matchAll(/^\| `(prometheus_async_\w+)` +\| (\w+)/gm);
    for (const [, name, type] of rows) found.set(name, type);
  }
  return found;
}

/** A collector that ends, one that fails, and a metric that cannot be live. */
function registries() {
  const registry = new client.Registry();
  const registers = [registry];
  new client.Gauge({
    name: "queue_length",
    help: "help",
    registers,
    collect() {
      this.set(1);
    },
  });
  const odd = {
    name: "odd",
    help: "help",
    type: "gauge",
    get: () => Promise.reject(new Error("no")),
  };
  return [registry, { getMetricsAsArray: () => [odd] } as never];
}

test("startHttpServerInThread() serves the own metrics that the documentation lists, and no others", async () => {
  const expected = await documented();
  const server = await startHttpServerInThread({
    addr: "127.0.0.1",
    registry: registries(),
    onError: () => {},
    serviceDiscovery: {
      register(_server: unknown, { onError }: DiscoveryContext) {
        onError(new Error("an agent that refuses"));
        return Promise.resolve(async () => {});
      },
    },
  });
  const served = new Map<string, string>();
  try {
    for (let scrapes = 0; scrapes < 2; scrapes++) {
      const response = await fetch(server.metricsUrl);
      const types = (await response.text())
        .matchAll(/^# TYPE (prometheus_async_\w+) (\w+)$/gm);
      for (const [, name, type] of types) served.set(name, type);
    }
  } finally {
    await server.close();
  }
  assertEquals([...served].sort(), [...expected].sort());
});

/**
 * The demo: a web application and, beside it, the server of its metrics.
 *
 * Runs until it is stopped; with `--once` it makes some requests, prints what
 * Prometheus would see of them, and ends.
 */
import {
  runtimeMetrics,
  startHttpServer,
} from "@prometheus-async/prometheus-async";
import { serve } from "@hono/node-server";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import * as client from "prom-client";
import { createApp } from "./app.ts";

const { app, registry } = createApp(client);

const web = serve({
  fetch: app.fetch,
  hostname: "127.0.0.1",
  port: 0,
  // Deno and Bun take only their own `Response` from a handler.
  overrideGlobalObjects: false,
});
await once(web, "listening");
const appUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;

const runtime = runtimeMetrics();
const metrics = await startHttpServer({
  addr: "127.0.0.1",
  registry: [registry, runtime],
});

if (process.argv.includes("--once")) {
  await visit();
  await printScrape();
} else {
  console.log(`Open these, a few times each:

  ${appUrl}/fast
  ${appUrl}/slow
  ${appUrl}/failing
  ${appUrl}/streamed

and see what Prometheus sees:

  ${metrics.metricsUrl}

Press Ctrl+C to stop.`);
  await new Promise((resolve) =>
    process.once("SIGINT", resolve).once("SIGTERM", resolve)
  );
}

await metrics.close();
runtime.stop();
web.close();
(web as Server).closeAllConnections();

/** Asks each handler a few times. */
async function visit(): Promise<void> {
  const paths = ["/fast", "/fast", "/fast", "/slow", "/failing", "/streamed"];
  await Promise.all(paths.map(async (path) => {
    const response = await fetch(appUrl + path);
    await response.text();
    console.log(`GET ${path} ${response.status}`);
  }));
}

/** Scrapes the metrics server and prints what the requests left there. */
async function printScrape(): Promise<void> {
  const response = await fetch(metrics.metricsUrl);
  console.log(`\nGET /metrics ${response.status}\n`);
  for (const line of (await response.text()).split("\n")) {
    if (/_sum|_count|_total|_inprogress/.test(line)) console.log(line);
  }
}

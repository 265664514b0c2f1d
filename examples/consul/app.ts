/**
 * An application that Prometheus finds by Consul. Start an agent and some of
 * these, each with a name of its own:
 *
 *     consul agent -dev
 *     deno run -A examples/consul/app.ts shop-1
 *     deno run -A examples/consul/app.ts shop-2
 *     prometheus --config.file=examples/consul/prometheus.yml
 *
 * It runs until it is told to end; then it deregisters itself first.
 */
import {
  ConsulAgent,
  startHttpServer,
  time,
} from "@prometheus-async/prometheus-async";
import { serve } from "@hono/node-server";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { Histogram } from "prom-client";

const [, , serviceId = "shop-1"] = process.argv;

const requestTime = new Histogram({
  name: "shop_request_seconds",
  help: "Time spent in requests",
});

const shop = serve({
  fetch: time(requestTime)(async (_request: Request) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return new Response("nothing left to buy\n");
  }),
  hostname: "127.0.0.1",
  port: 0,
  // Deno and Bun take only their own `Response` from a handler.
  overrideGlobalObjects: false,
});
await once(shop, "listening");

const metrics = await startHttpServer({
  serviceDiscovery: new ConsulAgent({
    name: "shop",
    serviceId,
    tags: ["example"],
    check: { interval: "10s", deregisterCriticalServiceAfter: "10m" },
  }),
});

const { port } = shop.address() as AddressInfo;
console.log(`${serviceId} sells at http://127.0.0.1:${port}`);
console.log(`${serviceId} has its metrics at ${metrics.metricsUrl}`);

// When it is stopped, as by an orchestrator: close, which deregisters, then exit.
const stop = async () => {
  await metrics.close(5000);
  process.exit();
};
process.once("SIGTERM", stop).once("SIGINT", stop);

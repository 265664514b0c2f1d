/**
 * Finds a service's instances by a Consul agent, for a Prometheus that was built
 * without Consul: `/targets` lists them as `http_sd_configs` reads them.
 *
 *     deno run -A examples/consul/http_sd.ts shop
 *     prometheus --config.file=examples/consul/prometheus_http_sd.yml
 */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import process from "node:process";

/** An instance of a service, as `/v1/health/service/:name` lists it. */
interface Instance {
  Node: { Address: string };
  Service: { ID: string; Address: string; Port: number; Tags: string[] };
}

const [, , service = "shop", port = "9300"] = process.argv;
const { CONSUL_HTTP_ADDR = "127.0.0.1:8500", CONSUL_HTTP_TOKEN } = process.env;
const agent = CONSUL_HTTP_ADDR.includes("://")
  ? CONSUL_HTTP_ADDR
  : `http://${CONSUL_HTTP_ADDR}`;

const app = new Hono();

app.get("/targets", async (c) => {
  const url = new URL(`/v1/health/service/${service}`, agent);
  const response = await fetch(url, {
    headers: CONSUL_HTTP_TOKEN ? { "x-consul-token": CONSUL_HTTP_TOKEN } : {},
  });
  // Prometheus then keeps the targets that it has.
  if (!response.ok) return c.text(`Consul answered ${response.status}`, 502);
  const instances: Instance[] = await response.json();
  return c.json(instances.map(({ Node, Service }) => {
    const { ID, Address, Port, Tags } = Service;
    const address = Address || Node.Address;
    const host = address.includes(":") ? `[${address}]` : address;
    return {
      targets: [`${host}:${Port}`],
      labels: { service_id: ID, tags: Tags.join(",") },
    };
  }));
});

const server = serve({
  fetch: app.fetch,
  hostname: "127.0.0.1",
  port: Number(port),
  // Deno and Bun take only their own `Response` from a handler.
  overrideGlobalObjects: false,
});
await once(server, "listening");
const { port: bound } = server.address() as AddressInfo;
console.log(`Prometheus asks http://127.0.0.1:${bound}/targets`);

/**
 * Serves metrics in an application in which an adapter has replaced the global
 * `Response`; prints the statuses.
 */
import { serve } from "@hono/node-server";
import { once } from "node:events";
import { Registry } from "prom-client";
import { startHttpServer } from "../../mod.ts";

const application = serve({ fetch: () => new Response("hello"), port: 0 });
await once(application, "listening");
const registry = new Registry();
const server = await startHttpServer({ addr: "127.0.0.1", registry });
const statuses: number[] = [];
for (const url of [server.metricsUrl, server.healthUrl, server.url]) {
  const response = await fetch(url);
  if ((await response.text() === "") !== (url === server.healthUrl)) {
    throw new Error(`wrong body of ${url}`);
  }
  statuses.push(response.status);
}
console.log(statuses.join(" "));
await server.close();
application.close();

/** A server for `deno serve --parallel`; each of its threads counts for itself. */
import { metricsHandler } from "../../src/exposition/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import * as client from "prom-client";

const requests = new client.Counter({
  name: "requests_total",
  help: "Requests",
  labelNames: ["thread"],
});
const thread = crypto.randomUUID();
requests.inc({ thread }, 0);
const handler = metricsHandler();
const server = await startHttpServer({ addr: "127.0.0.1" });
// Or `deno serve` would not end when it is told to.
server.unref();
console.log(`Metrics of a thread: ${server.metricsUrl}`);

export default {
  fetch(request: Request): Response | Promise<Response> {
    if (new URL(request.url).pathname === "/metrics") return handler(request);
    requests.inc({ thread });
    return new Response("ok\n");
  },
};

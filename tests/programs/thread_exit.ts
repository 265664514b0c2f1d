/**
 * Starts servers on threads, of which one has been scraped, and comes to its
 * end: the process ends by itself.
 */
import process from "node:process";
import * as client from "prom-client";
import {
  startHttpServerInThread,
  startHttpServerInThreadSync,
} from "../../mod.ts";

const registry = new client.Registry();
new client.Gauge({
  name: "hanging",
  help: "Hangs",
  registers: [registry],
  collect: () => new Promise<void>(() => {}),
});
const options = { addr: "127.0.0.1", registry, timeout: 100 };
const server = await startHttpServerInThread(options);
startHttpServerInThreadSync(options);
const response = await fetch(server.metricsUrl, {
  headers: { connection: "close" },
});
await response.text();
process.once("exit", () => console.log(response.status));

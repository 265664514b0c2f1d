/**
 * Gives up starting a server whose service discovery hangs; the process ends by
 * itself, before long. Prints for how many seconds it lived then.
 */
import process from "node:process";
import { startHttpServerInThread } from "../../mod.ts";
import { client } from "../_client.ts";

const module = new URL("../fixtures/thread_discovery.ts", import.meta.url);
const controller = new AbortController();
const starting = startHttpServerInThread({
  addr: "127.0.0.1",
  registry: new client.Registry(),
  serviceDiscovery: { module, options: { hangs: true } },
  signal: controller.signal,
});
setTimeout(() => controller.abort(), 500);
await starting.catch(() => {});
const rejectedAt = performance.now();
process.once(
  "exit",
  () => console.log((performance.now() - rejectedAt) / 1000),
);

/**
 * Gives up starting a server whose service discovery hangs; the process ends by
 * itself, before long. Prints for how many seconds it lived then.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as client from "prom-client";
import { startHttpServerInThread } from "../../mod.ts";
import { waitUntil } from "../_wait.ts";

const folder = mkdtempSync(join(tmpdir(), "discovery-"));
const log = join(folder, "log");
const module = new URL("../fixtures/thread_discovery.ts", import.meta.url);
const controller = new AbortController();
const starting = startHttpServerInThread({
  addr: "127.0.0.1",
  registry: new client.Registry(),
  serviceDiscovery: { module, options: { hangs: true, log } },
  signal: controller.signal,
});
starting.catch(() => {});
await waitUntil(60_000, "it is registered", () => existsSync(log));
rmSync(folder, { recursive: true });
controller.abort();
await starting.catch(() => {});
const rejectedAt = performance.now();
process.once(
  "exit",
  () => console.log((performance.now() - rejectedAt) / 1000),
);

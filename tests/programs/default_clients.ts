/**
 * Serves the registries of the clients that are loaded, one after the other, from
 * copies of clients in a folder. Prints what each scrape had, as JSON.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { metricsHandler } from "../../src/exposition/mod.ts";
import {
  startHttpServerInThread,
  startHttpServerInThreadSync,
} from "../../src/thread/mod.ts";
import { waitUntil } from "../_wait.ts";

const folder = process.argv[2];
const require = createRequire(join(folder, "main.cjs"));

/** Loads a copy, which has default metrics and a counter of its own. */
function load(name: string): void {
  const client: typeof import("prom-client") = require(`./${name}`);
  client.collectDefaultMetrics({ eventLoopMonitoringPrecision: 1000 });
  new client.Counter({ name: `${name}_total`, help: "Own" }).inc();
}

const names = ["first", "second", "third", "later", "threaded"];
/** The copies whose own counters are in a scrape, and how often CPU time is. */
function seenIn(text: string): { copies: string[]; cpu: number } {
  const copies = names.filter((name) => text.includes(`\n${name}_total 1\n`));
  const cpu = text.match(/^process_cpu_seconds_total /gm)?.length ?? 0;
  return { copies, cpu };
}

const told: string[] = [];
const onError = (error: unknown) => void told.push((error as Error).message);
const handler = metricsHandler({ onError });
async function scrape(): Promise<string> {
  const response = await handler(new Request("http://localhost/metrics"));
  return await response.text();
}

const errors: string[] = [];
try {
  startHttpServerInThreadSync({ addr: "127.0.0.1" });
} catch (error) {
  errors.push((error as Error).message);
}
// Modules that are no clients, and print when code of theirs runs.
for (const name of ["odd", "trap"]) require(`./${name}.js`);
for (const name of ["first", "second", "third"]) load(name);
const together = await scrape();
load("later");
const later = await scrape();

const server = await startHttpServerInThread({
  addr: "127.0.0.1",
  onError: () => {},
});
const fromThread = async () => await (await fetch(server.metricsUrl)).text();
const threaded = [seenIn(await fromThread())];
load("threaded");
let text = "";
await waitUntil(60_000, "the server has the new client", async () => {
  text = await fromThread();
  return text.includes("threaded_total");
});
threaded.push(seenIn(text));
await server.close();

const worker = new Worker(new URL("default_worker.ts", import.meta.url), {
  workerData: join(folder, "first"),
});
const inWorker = await new Promise((resolve, reject) => {
  worker.once("message", resolve).once("error", reject);
});
await worker.terminate();

console.log(JSON.stringify({
  together: seenIn(together),
  failures: together.includes("collector_failures_total"),
  later: seenIn(later),
  threaded,
  inWorker,
  told,
  errors,
}));
// Clients' timers keep a process alive.
process.exit();

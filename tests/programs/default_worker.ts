/** Tells what the default registry has on a thread that loads one client. */
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { serverStats } from "../../src/exposition/mod.ts";

const client: typeof import("prom-client") = createRequire(workerData)(
  workerData,
);
new client.Counter({ name: "worker_total", help: "Of the thread" }).inc();
const response = await serverStats(new Request("http://localhost/metrics"));
const text = await response.text();
parentPort!.postMessage(text.match(/^\w+_total .*$/gm));

/**
 * A program whose metrics Prometheus finds by a file:
 *
 *     deno run -A examples/file_sd/main.ts targets
 *
 * With `file_sd_configs: [{ files: ["targets/*.json"] }]` in `prometheus.yml` it
 * is scraped for the ten seconds that it works, on a thread of its own.
 */
import { startHttpServerInThread } from "@prometheus-async/prometheus-async";
import process from "node:process";
import { Counter } from "prom-client";

const [, , folder = "targets", seconds = "10"] = process.argv;

const rounds = new Counter({ name: "batch_rounds_total", help: "Rounds" });

const server = await startHttpServerInThread({
  addr: "127.0.0.1",
  serviceDiscovery: {
    module: new URL("./file_discovery.ts", import.meta.url),
    options: { folder, id: "batch-1", labels: { job: "batch" } },
  },
});
console.log(`registered: ${server.isRegistered}`);

// It blocks the main thread, and is scraped all the same.
const end = performance.now() + Number(seconds) * 1000;
while (performance.now() < end) rounds.inc();

await server.close();
console.log(`registered: ${server.isRegistered}`);

/**
 * Two workers of `node:cluster` that serve metrics, at a port that they share
 * and each at one of its own. Prints what a scraper sees, and ends.
 *
 * Its arguments are three ports: the shared one, and one for each worker.
 */
import { getRequestListener } from "@hono/node-server";
import cluster, { type Worker } from "node:cluster";
import { on, once } from "node:events";
import { createServer, get } from "node:http";
import process from "node:process";
import { text } from "node:stream/consumers";
import * as client from "prom-client";
import { metricsHandler } from "../../src/exposition/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";

/** The answer that a scraper sees. */
export interface ClusterReport {
  /** The samples in scrapes of the port that is shared, each of them once. */
  shared: string[];
  /** The samples in a scrape of each worker's own port. */
  own: string[];
  /** The samples that the primary has added up. */
  added: string[];
  /** The ports that the workers got when they asked for free ones, in both ways. */
  free: number[];
  /** The answers that workers got when they asked for the other's port. */
  taken: string[];
}

const addr = "127.0.0.1";
const [sharedPort, ...ports] = process.argv.slice(2).map(Number);
// In a worker, too: it is what answers the primary.
const aggregator = new client.AggregatorRegistry();

if (cluster.isPrimary) await bePrimary();
else await beWorker(cluster.worker!);

async function bePrimary(): Promise<void> {
  const workers = ports.map(() => cluster.fork());
  const free = await Promise.all(
    workers.map((worker) => answerOf<number[]>(worker, "free")),
  );
  const taken = await Promise.all(workers.map((worker, n) => {
    worker.send({ askFor: free[1 - n][0] });
    return answerOf<string>(worker, "taken");
  }));
  const shared = new Set<string>();
  while (shared.size < workers.length) shared.add(await scrape(sharedPort));
  const own = await Promise.all(ports.map(scrape));
  const added = samplesOf(await aggregator.clusterMetrics());
  const exits = workers.map((worker) => once(worker, "exit"));
  for (const worker of workers) worker.kill();
  await Promise.all(exits);
  const report: ClusterReport = {
    shared: [...shared].sort(),
    own,
    added: [added],
    free: free.flat(),
    taken,
  };
  console.log(JSON.stringify(report));
  process.exit();
}

/** Waits for what a worker tells under a name. */
async function answerOf<T>(worker: Worker, name: string): Promise<T> {
  // The client sends messages of its own.
  for await (const [message] of on(worker, "message")) {
    if (typeof message === "object" && name in message) return message[name];
  }
  throw new Error("A worker has ended");
}

async function beWorker({ id }: Worker): Promise<void> {
  const registry = client.register;
  new client.Counter({ name: "jobs_total", help: "Jobs" }).inc(id);
  const server = createServer(getRequestListener(metricsHandler({ registry })));
  server.listen(sharedPort, addr);
  await once(server, "listening");
  await startHttpServer({ addr, port: ports[id - 1], registry });
  const servers = [
    await startHttpServer({ addr, registry }),
    // A server of `node:http` on all runtimes.
    await startHttpServer({ addr, registry, maxConnections: 100 }),
  ];
  process.on("message", async (message: { askFor?: number }) => {
    if (message.askFor === undefined) return;
    const taken = await startHttpServer({ addr, port: message.askFor })
      .then(() => "nothing", (error) => error.code);
    process.send!({ taken });
  });
  process.send!({ free: servers.map(({ socket }) => socket.port) });
}

/** Scrapes over a connection of its own: who has one stays with a worker. */
async function scrape(port: number): Promise<string> {
  const request = get({ host: addr, port, path: "/metrics", agent: false });
  const [response] = await once(request, "response");
  return samplesOf(await text(response));
}

function samplesOf(metrics: string): string {
  return metrics.split("\n").filter((line) => line.startsWith("jobs_total"))
    .join();
}

/**
 * Starts and closes servers on threads, one after the other, and prints four
 * times by how much the process has grown: threads, the heap, and all memory, in
 * bytes.
 *
 *     thread_cycles.ts CYCLES [ENTRY]
 *
 * ENTRY is the URL of the threads' module; "bare" starts and ends threads that do
 * nothing, for comparison.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { get } from "node:http";
import process from "node:process";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import * as client from "prom-client";
import { startHttpServerInThread } from "../../mod.ts";
import { heapUsed } from "./_heap.ts";

const [cycles, entry] = process.argv.slice(2);
const registry = new client.Registry();
const counter = new client.Counter({
  name: "cycles_total",
  help: "Cycles",
  registers: [registry],
});
client.collectDefaultMetrics({ register: registry });

async function cycle(): Promise<void> {
  if (entry === "bare") {
    const worker = new Worker(new URL("data:text/javascript,"));
    await new Promise((resolve) => worker.once("exit", resolve));
    return;
  }
  const server = await startHttpServerInThread({
    addr: "127.0.0.1",
    registry,
    entry,
  });
  counter.inc();
  const scraped = await scrape(server.metricsUrl);
  const { value } = (await counter.get()).values[0];
  if (!scraped.includes(`\ncycles_total ${value}\n`)) throw new Error(scraped);
  await server.close();
}

/** Scrapes without `fetch`, which remembers every port that it has talked to. */
async function scrape(url: string): Promise<string> {
  const [response] = await once(get(url, { agent: false }), "response");
  return await text(response);
}

/** The threads of the process; where they cannot be counted, always 0. */
async function threads(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  return Number(/^Threads:\s*(\d+)/m.exec(status)?.[1] ?? 0);
}

async function measure(): Promise<Record<string, number>> {
  const heap = await heapUsed();
  const rss = process.memoryUsage().rss;
  return { threads: await threads(), heap, rss };
}

/** How often it is measured. */
const MARKS = 4;

for (let n = 0; n < 20; n++) await cycle();
const before = await measure();
for (let mark = 0; mark < MARKS; mark++) {
  for (let n = 0; n < Number(cycles) / MARKS; n++) await cycle();
  const now = await measure();
  console.log(JSON.stringify(Object.fromEntries(
    Object.entries(before).map(([name, value]) => [name, now[name] - value]),
  )));
}

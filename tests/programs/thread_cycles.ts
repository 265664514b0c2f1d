/**
 * Starts and closes servers on threads, one after the other, and prints four
 * times by how much the process has grown: threads, the heap, and all memory, in
 * bytes. At last it prints how much more five servers take that are left open.
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

/** Starts and uses a server; yields what closes it. */
async function begin(): Promise<() => Promise<unknown>> {
  if (entry === "bare") {
    const worker = new Worker(new URL("data:text/javascript,"));
    const ended = once(worker, "exit");
    return () => ended;
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
  return () => server.close();
}

async function cycle(): Promise<void> {
  const close = await begin();
  await close();
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

type Size = Record<"threads" | "heap" | "rss", number>;

async function measure(): Promise<Size> {
  const heap = await heapUsed();
  const rss = process.memoryUsage().rss;
  return { threads: await threads(), heap, rss };
}

/** Prints by how much the process is larger than it was. */
function print(now: Size, before: Size): void {
  console.log(JSON.stringify({
    threads: now.threads - before.threads,
    heap: now.heap - before.heap,
    rss: now.rss - before.rss,
  }));
}

/** How often it is measured. */
const MARKS = 4;

/** The first ones, of which runtimes keep what they have compiled. */
const WARM_UP = Math.min(20, Number(cycles) / 2);

/** How many are left open at last. */
const OPEN = 5;

for (let n = 0; n < WARM_UP; n++) await cycle();
const before = await measure();
let last = before;
for (let mark = 0; mark < MARKS; mark++) {
  for (let n = 0; n < Number(cycles) / MARKS; n++) await cycle();
  last = await measure();
  print(last, before);
}
const open: (() => Promise<unknown>)[] = [];
for (let n = 0; n < OPEN; n++) open.push(await begin());
print(await measure(), last);
for (const close of open) await close();

/**
 * Holds memory, opens files, burns CPU time and collects garbage; prints by how much
 * the runtime's metrics have grown, and what the system says. With the argument
 * "thread" a server on a thread is asked.
 */
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { metricsHandler, startHttpServerInThread } from "../../mod.ts";
import { runtimeMetrics } from "../../src/runtime_metrics/mod.ts";
import { collect } from "./_heap.ts";

const MB = 1_000_000;

const registry = runtimeMetrics({ eventLoopInterval: 10 });
const isOnThread = process.argv[2] === "thread";
const server = isOnThread
  ? await startHttpServerInThread({ addr: "127.0.0.1", registry })
  : undefined;
const handler = metricsHandler({ registry });

async function scrape(): Promise<Map<string, number>> {
  // A connection that was kept may have been closed while this thread was busy.
  const headers = { connection: "close" };
  const response = server === undefined
    ? await handler(new Request("http://localhost/metrics"))
    : await fetch(server.metricsUrl, { headers });
  const text = await response.text();
  const lines = text.split("\n").filter((line) => /^\w/.test(line));
  return new Map(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at))];
  }));
}

async function grown(
  names: readonly string[],
  work: () => unknown,
): Promise<(number | undefined)[]> {
  const before = await scrape();
  await work();
  const after = await scrape();
  return names.map((name) => {
    const value = after.get(name);
    return value === undefined ? undefined : value - (before.get(name) ?? 0);
  });
}

const GC = "nodejs_gc_duration_seconds";

// Connections, threads and templates that come with the first scrapes.
for (let n = 0; n < 5; n++) await scrape();

// Before anything else makes garbage, so that the engine collects none by itself.
collect();
// On Deno they are told within a second.
await sleep(1500);
let collectedMs = 0;
const [collections, collecting] = await grown(
  [`${GC}_count{kind="major"}`, `${GC}_sum{kind="major"}`],
  async () => {
    for (let n = 0; n < 20; n++) {
      const startedAt = performance.now();
      collect();
      collectedMs += performance.now() - startedAt;
    }
    await sleep(1500);
  },
);

const files: number[] = [];
const [openFiles] = await grown(["process_open_fds"], () => {
  for (let n = 0; n < 50; n++) files.push(openSync(import.meta.filename!, "r"));
});
files.forEach((file) => closeSync(file));

const held: Uint8Array[] = [];
const [resident, external] = await grown(
  ["process_resident_memory_bytes", "nodejs_external_memory_bytes"],
  () => {
    for (let n = 0; n < 200; n++) held.push(new Uint8Array(MB).fill(1));
    // Bun learns of it by collecting.
    collect();
  },
);

/** User and system time as the system counts it, in hundredths of a second. */
const ticks = () => {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
};
let burnt = 0;
const [cpu] = await grown(["process_cpu_seconds_total"], () => {
  const before = ticks();
  while (ticks() - before < 100);
  burnt = (ticks() - before) / 100;
});

const last = await scrape();
const status = readFileSync("/proc/self/status", "utf8");
const ofSystem = (name: string) =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)![1]);
console.log(JSON.stringify({
  openFiles,
  resident,
  external,
  cpu,
  burnt,
  collections,
  collecting,
  collectedSeconds: collectedMs / 1000,
  values: Object.fromEntries(last),
  system: {
    process_resident_memory_bytes: ofSystem("VmRSS") * 1024,
    process_virtual_memory_bytes: ofSystem("VmSize") * 1024,
    process_threads: ofSystem("Threads"),
    process_open_fds: readdirSync("/proc/self/fd").length - 1,
  },
  held: held.length,
}));
await server?.close();
registry.stop();

/**
 * Makes label sets of a metric, and prints the bytes that they take: of the heap
 * and of shared memory. The garbage collector must be at hand: `--expose-gc`.
 */
import process from "node:process";
import { Mirror } from "../../src/live/mirror.ts";
import { client } from "../_client.ts";
import { heapUsed } from "./_heap.ts";

const [type, series, isMirrored] = process.argv.slice(2);

/** The heap in use; Bun counts shared memory as part of it. */
async function heapAlone(): Promise<number> {
  const used = await heapUsed();
  return "Bun" in globalThis ? used - mirror.size.total : used;
}

function updateOf(type: string): (n: number) => void {
  const options = {
    name: "m",
    help: "m",
    labelNames: ["method", "path", "status"],
    registers: [registry],
  };
  const labels = (n: number) => ({
    method: "GET",
    path: `/api/v1/items/${n}`,
    status: "200",
  });
  if (type === "counter") {
    const counter = new client.Counter(options);
    return (n) => counter.inc(labels(n), n + 0.5);
  }
  if (type === "gauge") {
    const gauge = new client.Gauge(options);
    return (n) => gauge.set(labels(n), n + 0.5);
  }
  const histogram = new client.Histogram(options);
  return (n) => histogram.observe(labels(n), n + 0.5);
}

const registry = new client.Registry();
// A mirror goes on whatever is thrown here, but the program must not.
const onError = (error: unknown) =>
  queueMicrotask(() => {
    throw error;
  });
const mirror = new Mirror({
  registries: isMirrored === "mirrored" ? [registry] : [],
  onError,
});
const update = updateOf(type);
for (let n = 0; n < 100; n++) update(n);
registry.resetMetrics();
const [heap, { total, texts }] = [await heapAlone(), mirror.size];
for (let n = 0; n < Number(series); n++) update(n);
console.log(JSON.stringify({
  heap: await heapAlone() - heap,
  cells: mirror.size.total - mirror.size.texts - (total - texts),
}));
// Unused objects may be collected before they are measured.
registry.getMetricsAsArray();

/** Memory of a series: in the client, and in a handler. */
import process from "node:process";
import { metricsHandler } from "../src/exposition/mod.ts";
import { runtimeName } from "../src/runtime/detect.ts";
import { collectGarbage } from "./_garbage.ts";
import { compare, type Comparison } from "./_harness.ts";
import { type Client, CLIENTS, counters } from "./_registries.ts";

const SERIES = 50_000;

const OPEN_METRICS = "application/openmetrics-text;version=1.0.0";

/** Bytes that are in use, on the heap and in buffers. */
async function bytesInUse(): Promise<number> {
  for (let n = 0; n < 4; n++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (runtimeName() === "bun") {
    const jsc = "bun:jsc";
    return (await import(jsc)).heapStats().heapSize;
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The memory that something keeps when it was made and used, in bytes a series. */
async function kept(make: () => Promise<unknown>): Promise<number> {
  const before = await bytesInUse();
  const made = await make();
  const after = await bytesInUse();
  if (made === undefined) throw new Error("nothing is kept");
  return (after - before) / SERIES;
}

async function scrape(
  client: Client,
  accepts: readonly string[],
): Promise<number> {
  const registry = counters(client, SERIES);
  await registry.metrics();
  return await kept(async () => {
    const handler = metricsHandler({ registry });
    for (const accept of [...accepts, ...accepts]) {
      const headers = { accept };
      const request = new Request("http://localhost/metrics", { headers });
      await (await handler(request)).arrayBuffer();
    }
    return handler;
  });
}

const ofClient: Comparison[] = Object.entries(CLIENTS).map((
  [name, client],
) => ({
  name: `memory of a series, counters of ${name}`,
  unit: "B",
  baseline: "the client's own",
  cases: {
    "the client's own": () =>
      kept(async () => {
        const registry = counters(client, SERIES);
        await registry.metrics();
        return registry;
      }),
    "handler": () => scrape(client, ["text/plain"]),
    "handler, two formats": () => scrape(client, ["text/plain", OPEN_METRICS]),
  },
  async check(each, run) {
    const bytes = await run() as number;
    if (!(bytes > 0 && bytes < 2000)) throw new Error(`${each}: ${bytes}`);
  },
  sample: async (run) => await run() as number,
  maxRounds: 3,
}));

await compare(ofClient);

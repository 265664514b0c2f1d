/**
 * A process that does nothing, with a server or without: prints how many
 * nanoseconds of CPU time it takes in a second. `idle.ts` runs it.
 */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Registry } from "prom-client";

/** Until it has warmed up, in milliseconds. */
const WARM_UP_MS = 4000;

/** For how long it is measured, in milliseconds. */
const MEASURED_MS = 5000;

const addr = "127.0.0.1";
const registry = new Registry();

const starts: Readonly<Record<string, () => unknown>> = {
  async server() {
    const { startHttpServer } = await import("../src/server/mod.ts");
    return await startHttpServer({ addr, registry });
  },
  async runtime() {
    const { runtimeMetrics } = await import("../src/runtime_metrics/mod.ts");
    return runtimeMetrics();
  },
  async thread() {
    const { startHttpServerInThread } = await import("../src/thread/mod.ts");
    return await startHttpServerInThread({ addr, registry });
  },
};

await starts[process.argv[2]]?.();
await setTimeout(WARM_UP_MS);
const [before, startedAt] = [process.cpuUsage(), performance.now()];
await setTimeout(MEASURED_MS);
const { user, system } = process.cpuUsage(before);
const seconds = (performance.now() - startedAt) / 1000;
console.log((user + system) * 1000 / seconds);
process.exit();

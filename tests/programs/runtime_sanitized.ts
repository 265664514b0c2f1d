/** Is run by `deno test`, whose sanitizers look for what is left behind. */
import { runtimeMetrics } from "../../src/runtime_metrics/mod.ts";

interface DenoTests {
  Deno: { test: (name: string, fn: () => Promise<void>) => void };
}

const { test } = (globalThis as unknown as DenoTests).Deno;

test("nothing is left", async () => {
  const registry = runtimeMetrics({ eventLoopInterval: 10 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  registry.getMetricsAsArray();
  registry.stop();
});

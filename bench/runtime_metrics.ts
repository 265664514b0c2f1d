/**
 * The runtime's metrics: a scrape of them, with both clients' default metrics, and
 * with 1 000 counters; and garbage, with collections that are measured.
 */
import * as successor from "@prometheus-io/client";
import process from "node:process";
import * as promClient from "prom-client";
import { metricsHandler } from "../src/exposition/mod.ts";
import { runtimeMetrics } from "../src/runtime_metrics/mod.ts";
import type { RegistrySource } from "../mod.ts";
import { type Cases, compare } from "./_harness.ts";

const CLIENT = "default metrics of prom-client";
const COUNTERS = "1 000 counters";
const OWN = "runtimeMetrics()";

function defaultMetricsOf(client: unknown): promClient.Registry {
  const { Registry, collectDefaultMetrics } = client as typeof promClient;
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}

function counters(count: number): promClient.Registry {
  const register = new promClient.Registry();
  const counter = new promClient.Counter({
    name: "counted_total",
    help: "Counted",
    labelNames: ["series"],
    registers: [register],
  });
  for (let i = 0; i < count; i++) counter.inc({ series: String(i) });
  return register;
}

function scrape(registry: RegistrySource): () => Promise<string> {
  const handler = metricsHandler({ registry });
  const url = "http://localhost/metrics";
  return async () => await (await handler(new Request(url))).text();
}

function againstClients(): Cases {
  const ofClient = defaultMetricsOf(promClient);
  const ofSuccessor = defaultMetricsOf(successor);
  return {
    [CLIENT]: () => ofClient.metrics(),
    "the same, by the handler": scrape(ofClient),
    "default metrics of @prometheus-io/client": () => ofSuccessor.metrics(),
    [OWN]: scrape(runtimeMetrics()),
  };
}

async function requireLine(line: string, run: () => unknown): Promise<void> {
  const text = String(await run());
  if (!text.includes(line)) throw new Error(text);
}

let kept: unknown[] = [];

/** Makes objects, of which a few stay for a while. */
function garbage(): void {
  const some: unknown[] = kept = [];
  for (let i = 0; i < 4_000_000; i++) some[i % 1000] = { i, list: [i] };
}

/** Makes garbage while a function's result is not called. */
const during = (begin: () => () => void) => () => {
  const end = begin();
  garbage();
  end();
};

/** The processor time that a call takes, in nanoseconds. */
function cpuOf(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return Promise.resolve((user + system) * 1000);
}

await compare([
  {
    name: "a scrape of the runtime's metrics",
    baseline: CLIENT,
    cases: againstClients,
    check: (_, run) => requireLine("process_resident_memory_bytes ", run),
  },
  {
    name: "a scrape of the runtime's metrics, and of 1 000 counters",
    baseline: COUNTERS,
    cases: () => ({
      [COUNTERS]: scrape(counters(1000)),
      [OWN]: scrape(runtimeMetrics()),
    }),
    check: (name, run) =>
      requireLine(
        name === COUNTERS
          ? 'counted_total{series="999"} 1'
          : "process_resident_memory_bytes ",
        run,
      ),
  },
  {
    name: "CPU time of garbage",
    baseline: "without",
    cases: {
      "without": during(() => () => {}),
      [OWN]: during(() => {
        const registry = runtimeMetrics();
        return () => registry.stop();
      }),
    },
    check(_, run) {
      run();
      if (kept.length !== 1000) throw new Error("nothing was made");
    },
    sample: cpuOf,
  },
]);

/** A registry whose collector sets another metric. */
import type { Registry } from "prom-client";
import { client } from "./_client.ts";
import { turn } from "./_wait.ts";

/**
 * Makes a registry with a gauge whose collector, `"synchronous"` or not, observes 1
 * in a summary that comes before it.
 */
export function observingRegistry(kind: string): Registry {
  const registry = new client.Registry();
  const registers = [registry];
  const summary = new client.Summary({
    name: "s",
    help: "s",
    percentiles: [],
    registers,
  });
  new client.Gauge({
    name: "g",
    help: "g",
    registers,
    collect() {
      const observe = () => summary.observe(1);
      return kind === "synchronous" ? observe() : turn().then(observe);
    },
  });
  return registry;
}

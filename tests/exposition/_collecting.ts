/** Registries whose metrics collect. */
import type * as promClient from "prom-client";
import { client } from "../_client.ts";

type Collect = (this: promClient.Gauge) => unknown;

/** A registry of gauges that collect as they are told, and one that is steady. */
export function registryOf(
  collects: Record<string, Collect>,
): promClient.Registry {
  const registry = new client.Registry();
  const registers = [registry];
  for (const [name, collect] of Object.entries(collects)) {
    new client.Gauge({
      name,
      help: name,
      registers,
      collect: collect as () => void,
    });
  }
  new client.Gauge({ name: "steady", help: "steady", registers }).set(1);
  return registry;
}

/** Metrics that are mirrored, and what a mirror leaves of them. */
import type * as promClient from "prom-client";
import type { Registry } from "../../src/types.ts";
import { client } from "../_client.ts";

const { Gauge } = client;

/** An object, whatever is in it. */
export type Any = Record<string, unknown>;

/** An object's own properties; of their values only the types. */
export function descriptorsOf(object: object): unknown {
  const all = Object.getOwnPropertyDescriptors(object) as Record<
    string,
    PropertyDescriptor
  >;
  return Object.entries(all).map(([name, { get, set, ...rest }]) => [
    name,
    [get, set],
    { ...rest, value: typeof rest.value },
  ]);
}

/** Waits until the event loop has turned. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** The property in which the client stores label sets. */
function storageOf(metric: object): PropertyDescriptor {
  return Object.getOwnPropertyDescriptor(metric, "hashMap") ??
    Object.getOwnPropertyDescriptor(metric, "store")!;
}

/** Tells whether nothing is left of a mirror. */
export function isUntouched(metric: object): boolean {
  return "value" in storageOf(metric) &&
    !Object.hasOwn(metric, "updateExemplar");
}

/** A gauge whose label sets have one label. */
export function gaugeOf(registry: Registry, name = "g"): promClient.Gauge {
  return new Gauge({
    name,
    help: name,
    labelNames: ["a"],
    registers: [registry as promClient.Registry],
  });
}

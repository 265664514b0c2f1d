import { describe } from "../describe.ts";
import type { Registry } from "../types.ts";
import { defaultRegistry } from "./default_registry.ts";

/**
 * One registry, several, or a function that is asked with every scrape.
 *
 * @example A registry that is another one from time to time
 * ```ts
 * import { metricsHandler, type RegistrySource } from "@prometheus-async/prometheus-async";
 * import { Counter, Registry } from "prom-client";
 *
 * let current = new Registry();
 * const registry: RegistrySource = () => current;
 * const handler = metricsHandler({ registry });
 * current = new Registry();
 * new Counter({ name: "jobs_total", help: "Jobs", registers: [current] });
 * const response = await handler(new Request("http://localhost/metrics"));
 * const text = await response.text();
 * if (!text.includes("jobs_total 0")) throw new Error(text);
 * ```
 */
export type RegistrySource =
  | Registry
  | readonly Registry[]
  | (() =>
    | Registry
    | readonly Registry[]
    | Promise<Registry | readonly Registry[]>);

/**
 * Yields the registries of a scrape; at once, unless they are to be waited for.
 *
 * @throws {TypeError} If they are none.
 */
export type RegistryLister = () =>
  | readonly Registry[]
  | Promise<readonly Registry[]>;

/**
 * Makes a function that yields the registries of a scrape.
 *
 * @param source Where they come from; `undefined` for the default registry.
 * @throws {TypeError} If it is no registry. Of a function's answer the returned
 * function says so.
 */
export function registriesOf(
  source: RegistrySource | undefined,
): RegistryLister {
  if (source === undefined) return async () => [await defaultRegistry()];
  if (typeof source === "function") {
    return () => {
      const given = source();
      return "then" in Object(given)
        ? Promise.resolve(given).then(toList)
        : toList(given as Registry | readonly Registry[]);
    };
  }
  const registries = toList(source);
  return () => registries;
}

function toList(given: Registry | readonly Registry[]): readonly Registry[] {
  // A copy: what the application does to its list later is its own affair.
  const registries: readonly unknown[] = Array.isArray(given)
    ? [...given]
    : [given];
  for (const registry of registries) requireRegistry(registry);
  return [...new Set(registries as Registry[])];
}

/** What those registries have that hold no metrics, and whom they ask for them. */
const ASKS_OTHERS: Readonly<Record<string, string>> = {
  // An `AggregatorRegistry` of either client.
  clusterMetrics: "the workers of a cluster",
  // A `WorkerRegistry` of `@prometheus-io/client`.
  workerMetrics: "worker threads",
};

function requireRegistry(registry: unknown): void {
  const given = (registry ?? {}) as Record<string, unknown>;
  for (const [method, others] of Object.entries(ASKS_OTHERS)) {
    if (typeof given[method] !== "function") continue;
    throw new TypeError(
      "Cannot serve metrics: registry must hold metrics of its own, received " +
        `${describe(registry)}, which asks ${others}; serve each one's own ` +
        `registry on a port of its own, or answer with its \`${method}()\` and ` +
        "`contentType` yourself",
    );
  }
  if (typeof given.getMetricsAsArray === "function") return;
  throw new TypeError(
    "Cannot serve metrics: registry must have the method " +
      `getMetricsAsArray(), received ${describe(registry)}`,
  );
}

/** Says that a function of registries takes longer than a scrape has. */
export function lateRegistriesError(ms: number): Error {
  return new Error(
    "Cannot serve metrics: the registry function must yield before the " +
      `scrape's deadline, received nothing for ${ms} ms`,
  );
}

import { requireMethod } from "../base/checks.ts";
import { describe } from "../base/describe.ts";
import { defaultRegistries, defaultRegistriesNow } from "../clients/loaded.ts";
import type { Registry } from "../types.ts";

/**
 * One registry, several, or a function that is asked with every scrape. In a list
 * `"default"` stands for the global registries of all clients that the application
 * has loaded.
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
  | readonly (Registry | "default")[]
  | (() =>
    | Registry
    | readonly Registry[]
    | Promise<Registry | readonly Registry[]>);

/** Lists the registries of a scrape. */
export interface RegistryLister {
  /**
   * Yields them; a promise only if they must be waited for.
   *
   * @throws {TypeError} If there is no registry.
   */
  (): readonly Registry[] | Promise<readonly Registry[]>;
  /** Lists the default registries that are loaded; absent for any other source. */
  readonly now?: () => readonly Registry[];
  /** The registries, if they are always the same. */
  readonly fixed?: readonly Registry[];
}

/** The registries of all clients that the application has loaded. */
const DEFAULT: RegistryLister = withDefaults([]);

/**
 * Makes a function that yields the registries of a scrape.
 *
 * @param source Where they come from; `undefined` for the default registry.
 * @throws {TypeError} If it is no registry; for a function later, in the lister.
 */
export function registriesOf(
  source: RegistrySource | undefined,
): RegistryLister {
  if (source === undefined) return DEFAULT;
  if (Array.isArray(source) && source.includes("default")) {
    return withDefaults(toList(source.filter((each) => each !== "default")));
  }
  if (typeof source === "function") {
    return () => {
      const given = source();
      return "then" in Object(given)
        ? Promise.resolve(given).then(toList)
        : toList(given as Registry | readonly Registry[]);
    };
  }
  const fixed = toList(source as Registry | readonly Registry[]);
  return Object.assign(() => fixed, { fixed });
}

/** Lists the default registries, and others beside them. */
function withDefaults(others: readonly Registry[]): RegistryLister {
  const join = (listed: readonly Registry[]) => [
    ...new Set([...listed, ...others]),
  ];
  return Object.assign(() => {
    const listed = defaultRegistries();
    return listed instanceof Promise ? listed.then(join) : join(listed);
  }, { now: () => join(defaultRegistriesNow()) });
}

function toList(given: Registry | readonly Registry[]): readonly Registry[] {
  // A copy, since the application may change its list later.
  const registries: readonly unknown[] = Array.isArray(given)
    ? [...given]
    : [given];
  for (const registry of registries) requireRegistry(registry);
  return [...new Set(registries as Registry[])];
}

/** Methods of registries that ask others for metrics, and whom they ask. */
const ASKS_OTHERS = [
  // An `AggregatorRegistry` of either client.
  ["clusterMetrics", "the workers of a cluster"],
  // A `WorkerRegistry` of `@prometheus-io/client`.
  ["workerMetrics", "worker threads"],
] as const;

function requireRegistry(registry: unknown): void {
  const given = Object(registry);
  for (const [method, others] of ASKS_OTHERS) {
    if (typeof given[method] !== "function") continue;
    throw new TypeError(
      "Cannot serve metrics: registry must hold metrics of its own, received " +
        `${describe(registry)}, which asks ${others}; serve each one's ` +
        `own registry on a port of its own, or answer with its ` +
        `\`${method}()\` and \`contentType\` yourself`,
    );
  }
  const option = { action: "serve metrics", name: "registry", value: registry };
  requireMethod(option, "getMetricsAsArray");
}

export function lateRegistriesError(ms: number): Error {
  return new Error(
    "Cannot serve metrics: the registry function did not yield before the " +
      `scrape's deadline, after ${ms} ms`,
  );
}

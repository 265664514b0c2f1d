import { describe } from "../describe.ts";
import type { Registry } from "../types.ts";
import { defaultRegistries, defaultRegistriesNow } from "../clients/loaded.ts";
import { askedBy } from "../clients/registry.ts";

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

/** Lists the registries of a scrape. */
export interface RegistryLister {
  /**
   * Yields them, at once unless they are to be waited for.
   *
   * @throws {TypeError} If they are none.
   */
  (): readonly Registry[] | Promise<readonly Registry[]>;
  /**
   * Lists those that are loaded, and loads none. Only of the default registry,
   * which changes when a client is loaded.
   */
  readonly now?: () => readonly Registry[];
  /** The registries, where they are always the same. */
  readonly fixed?: readonly Registry[];
}

/** The registries of all clients that the application has loaded. */
const DEFAULT: RegistryLister = Object.assign(() => defaultRegistries(), {
  now: defaultRegistriesNow,
});

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
  if (source === undefined) return DEFAULT;
  if (typeof source === "function") {
    return () => {
      const given = source();
      return "then" in Object(given)
        ? Promise.resolve(given).then(toList)
        : toList(given as Registry | readonly Registry[]);
    };
  }
  const fixed = toList(source);
  return Object.assign(() => fixed, { fixed });
}

function toList(given: Registry | readonly Registry[]): readonly Registry[] {
  // A copy: what the application does to its list later is its own affair.
  const registries: readonly unknown[] = Array.isArray(given)
    ? [...given]
    : [given];
  for (const registry of registries) requireRegistry(registry);
  return [...new Set(registries as Registry[])];
}

function requireRegistry(registry: unknown): void {
  const given = Object(registry) as Partial<Registry>;
  const asked = askedBy(given);
  if (asked !== undefined) {
    throw new TypeError(
      "Cannot serve metrics: registry must hold metrics of its own, received " +
        `${describe(registry)}, which asks ${asked.others}; serve each one's ` +
        `own registry on a port of its own, or answer with its ` +
        `\`${asked.method}()\` and \`contentType\` yourself`,
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

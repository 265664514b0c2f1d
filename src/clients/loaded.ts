import { packageRegistry } from "../metrics/package_registry.ts";
import { dataOf, moduleCache } from "../runtime/module_cache.ts";
import type { Registry } from "../types.ts";

/** The clients among the modules that were loaded. */
interface Scan {
  /** How many modules there were. */
  readonly count: number;
  /** Whether all of them had run to their ends. */
  readonly isSettled: boolean;
  /** The global registries, by the name of the module that exports them. */
  readonly found: readonly FoundRegistry[];
}

interface FoundRegistry {
  readonly name: string;
  readonly module: unknown;
  readonly registry: Registry;
}

let last: Scan = { count: -1, isSettled: false, found: [] };

/** Those of clients that were imported, since none was loaded. */
let imported: readonly Registry[] = [];

let importing: Promise<void> | undefined;

/**
 * Lists the global registries of all clients that the application has loaded,
 * in the order in which it has loaded them. All clients are CommonJS, so they
 * stand in the one cache of modules, two copies of a client as well.
 *
 * The modules are looked at again when their number has changed, since looking
 * at 5000 takes a millisecond.
 */
export function loadedRegistries(): readonly Registry[] {
  const cache = moduleCache();
  const names = Object.getOwnPropertyNames(cache);
  const isSame = names.length === last.count && last.isSettled &&
    // A module that was removed may have been loaded again.
    last.found.every(({ name, module }) => cache[name] === module);
  if (!isSame) last = scan(cache, names);
  return last.found.map(({ registry }) => registry);
}

/** Lists the registries that are the default one, as far as they are loaded. */
export function defaultRegistriesNow(): readonly Registry[] {
  const own = packageRegistry.getMetricsAsArray().length > 0
    ? [packageRegistry]
    : [];
  return [...new Set([...loadedRegistries(), ...imported, ...own])];
}

/**
 * Lists the registries that are the default one: those of the clients that are
 * loaded, at once; where none is, those of the clients that can be imported.
 *
 * In a bundle the cache of modules has no client, and what is imported is the
 * bundle's own.
 */
export function defaultRegistries():
  | readonly Registry[]
  | Promise<readonly Registry[]> {
  if (loadedRegistries().length + imported.length > 0) {
    return defaultRegistriesNow();
  }
  importing ??= importClients();
  return importing.then(defaultRegistriesNow);
}

async function importClients(): Promise<void> {
  const found: Registry[] = [];
  // In a `try` of its own each, so that bundlers do without one that is missing.
  try {
    const { register } = await import("prom-client");
    found.push(register);
  } catch {
    // The application has no metrics of this client.
  }
  try {
    const { register } = await import("@prometheus-io/client");
    found.push(register);
  } catch {
    // No dependency of this package: most applications have only one client.
  }
  imported = found;
}

function scan(
  cache: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Scan {
  const found: FoundRegistry[] = [];
  let isSettled = true;
  for (const name of names) {
    const module = cache[name];
    if (dataOf(module, "loaded") === false) isSettled = false;
    const exports = dataOf(module, "exports");
    const registry = dataOf(exports, "register");
    if (!isRegistry(registry)) continue;
    // A module of the application may export a registry by this name as well.
    if (typeof dataOf(exports, "Counter") !== "function") continue;
    found.push({ name, module, registry });
  }
  return { count: names.length, isSettled, found };
}

function isRegistry(given: unknown): given is Registry {
  return ["getMetricsAsArray", "registerMetric", "getSingleMetric"]
    .every((name) => typeof dataOf(given, name, false) === "function");
}

import { shared } from "../metrics/shared.ts";
import { dataOf, moduleCache } from "../runtime/host.ts";
import type { Registry } from "../types.ts";

/** The clients among the modules that were loaded. */
interface Scan {
  readonly count: number;
  /** Whether all of them had run to their ends. */
  readonly isSettled: boolean;
  /** The global registries, by the name of the module that exports them. */
  readonly found: readonly {
    readonly name: string;
    readonly module: unknown;
    readonly registry: Registry;
  }[];
}

let last: Scan = { count: -1, isSettled: false, found: [] };

/** The registries of clients that were imported because none was loaded. */
let imported: readonly Registry[] = [];

let importing: Promise<void> | undefined;

/**
 * Lists the global registries of all clients that the application has loaded, in
 * the order of loading. All clients are CommonJS, so the one cache of modules has
 * them. It is looked at again only when their number has changed, since looking at
 * 5000 modules takes a millisecond.
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

/** Lists the default registries, as far as they are loaded. */
export function defaultRegistriesNow(
  loaded: readonly Registry[] = loadedRegistries(),
): readonly Registry[] {
  const { registry } = shared();
  const own = registry.getMetricsAsArray().length > 0 ? [registry] : [];
  return [...new Set([...loaded, ...imported, ...own])];
}

/**
 * Lists the default registries: at once those of loaded clients; if no client is
 * loaded, as in a bundle, those of the clients that can be imported.
 */
export function defaultRegistries():
  | readonly Registry[]
  | Promise<readonly Registry[]> {
  const loaded = loadedRegistries();
  if (loaded.length + imported.length > 0) return defaultRegistriesNow(loaded);
  importing ??= importClients();
  return importing.then(() => defaultRegistriesNow());
}

async function importClients(): Promise<void> {
  const found: Registry[] = [];
  // In a `try` of its own each, so that bundlers accept a missing one.
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
  const found: Scan["found"][number][] = [];
  let isSettled = true;
  for (const name of names) {
    const module = cache[name];
    if (dataOf(module, "loaded") === false) isSettled = false;
    const exports = dataOf(module, "exports");
    const registry = dataOf(exports, "register");
    // A module of the application may export a registry by this name as well.
    const isClient = isRegistry(registry) &&
      typeof dataOf(exports, "Counter") === "function";
    if (isClient) found.push({ name, module, registry });
  }
  return { count: names.length, isSettled, found };
}

function isRegistry(given: unknown): given is Registry {
  return ["getMetricsAsArray", "registerMetric", "getSingleMetric"]
    .every((name) => typeof dataOf(given, name, false) === "function");
}

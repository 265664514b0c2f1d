import { loadedRegistries } from "../clients/loaded.ts";
import { packageRegistry } from "../metrics/package_registry.ts";
import type { Registry } from "../types.ts";
import { ACTION } from "./action.ts";
import {
  RequestMetrics,
  type RequestMetricsSettings,
} from "./request_metrics.ts";

/**
 * A registry that metrics can join: a `Registry` of either client.
 *
 * @example The registry of either client
 * ```ts
 * import { instrumentHandler, type MetricsRegistry } from "@prometheus-async/prometheus-async";
 * import { Registry } from "@prometheus-io/client";
 *
 * const registry: MetricsRegistry = new Registry();
 * instrumentHandler((_request: Request) => new Response(), { registry });
 * const names = registry.getMetricsAsArray().map(({ name }) => name);
 * if (!names.includes("http_requests_total")) throw new Error(String(names));
 * ```
 */
export interface MetricsRegistry extends Registry {
  /**
   * Adds a metric.
   *
   * @param metric The metric.
   */
  // The clients ask for more than they use; each for something else.
  // deno-lint-ignore no-explicit-any
  registerMetric(metric: any): void;
}

type ByPrefix = Map<string, RequestMetrics>;

const byRegistry = new WeakMap<MetricsRegistry, ByPrefix>();

/** The registry of all handlers that are given none, from the first one on. */
let home: MetricsRegistry | undefined;

/**
 * Finds the metrics of requests in a registry, or makes and registers them: all
 * handlers with the same registry and prefix share theirs.
 *
 * @param registry The registry; `undefined` for that of the client that was loaded
 * first or, before one is loaded, for the package's own.
 * @throws {TypeError} If others with the same names are registered, or the
 * handlers that share them want different ones.
 */
export function joinRegistry(
  registry: MetricsRegistry | undefined,
  settings: RequestMetricsSettings,
): RequestMetrics {
  const joined = registry ?? (home ??= defaultHome());
  const found = findIn(joined, settings);
  if (found !== undefined) return found;
  const metrics = new RequestMetrics(settings);
  const names = new Set(joined.getMetricsAsArray().map(({ name }) => name));
  const taken = metrics.all.find(({ name }) => names.has(name));
  if (taken !== undefined) {
    throw new TypeError(
      `Cannot ${ACTION}: the registry must not have a metric of the name ` +
        `"${taken.name}" already; give these another \`prefix\``,
    );
  }
  for (const metric of metrics.all) joined.registerMetric(metric);
  const known: ByPrefix = byRegistry.get(joined) ?? new Map();
  byRegistry.set(joined, known.set(settings.prefix, metrics));
  return metrics;
}

function defaultHome(): MetricsRegistry {
  const [loaded = packageRegistry] = loadedRegistries();
  return loaded as MetricsRegistry;
}

/** Finds the metrics that others have registered, unless they are gone since. */
function findIn(
  registry: MetricsRegistry,
  settings: RequestMetricsSettings,
): RequestMetrics | undefined {
  const found = byRegistry.get(registry)?.get(settings.prefix);
  const registered = registry.getMetricsAsArray();
  if (!found?.all.every((metric) => registered.includes(metric))) {
    return undefined;
  }
  requireSame(found.settings, settings);
  return found;
}

/** What those who share metrics must agree on, by the options that decide it. */
const SHARED = {
  buckets: "buckets",
  sizeBuckets: "sizes, with sizeBuckets,",
  labelNames: "the names of labels",
  maxSeries: "maxSeries",
} as const;

function requireSame(
  first: RequestMetricsSettings,
  second: RequestMetricsSettings,
): void {
  for (const [name, option] of Object.entries(SHARED)) {
    const [before, now] = [first, second].map((settings) =>
      String(settings[name as keyof typeof SHARED] ?? "") || "none"
    );
    if (before === now) continue;
    throw new TypeError(
      `Cannot ${ACTION}: ${option} must be the same for all that share a ` +
        `registry and a prefix, received ${now} after ${before}`,
    );
  }
}

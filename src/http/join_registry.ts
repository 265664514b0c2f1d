import { loadedRegistries } from "../clients/loaded.ts";
import { shared } from "../metrics/shared.ts";
import type { RequestMetricsSettings } from "./metric_options.ts";
import {
  ACTION,
  type MetricsRegistry,
  RequestMetrics,
} from "./request_metrics.ts";

/** By registry, and by the prefix and the name of a metric. */
const joined = new WeakMap<MetricsRegistry, Map<string, RequestMetrics>>();

/**
 * Finds the metrics of requests in a registry, or makes and registers them.
 *
 * @param given The registry; `undefined` for that of the client that was loaded
 * first or, before one is loaded, for the package's own.
 * @throws {TypeError} If the registry has other metrics of the same names, or the
 * handlers that share metrics want different ones.
 */
export function joinRegistry(
  given: MetricsRegistry | undefined,
  settings: RequestMetricsSettings,
): RequestMetrics {
  const registry = given ?? homeRegistry();
  const byName = joined.get(registry) ?? new Map<string, RequestMetrics>();
  const key = settings.prefix + settings.names.duration;
  let metrics = byName.get(key);
  // A registry may have been cleared since.
  const difference = metrics && differenceOf(metrics.settings, settings);
  if (difference !== undefined && !metrics?.isGone) throw difference;
  if (metrics === undefined || difference !== undefined) {
    metrics = new RequestMetrics(registry, settings);
  } else metrics.join();
  joined.set(registry, byName.set(key, metrics));
  return metrics;
}

function homeRegistry(): MetricsRegistry {
  const all = shared();
  return all.home ??= loadedRegistries()[0] as MetricsRegistry | undefined ??
    all.registry;
}

/** The settings that all users of shared metrics must agree on, by option. */
const SHARED = {
  buckets: "buckets",
  sizeBuckets: "sizes, with sizeBuckets,",
  firstByte: "firstByte",
  omit: "omit",
  labelNames: "the names of labels",
  maxSeries: "maxSeries",
} as const;

function differenceOf(
  first: RequestMetricsSettings,
  second: RequestMetricsSettings,
): TypeError | undefined {
  for (const [name, option] of Object.entries(SHARED)) {
    const [before, now] = [first, second].map((settings) =>
      String(settings[name as keyof typeof SHARED] ?? "") || "none"
    );
    if (before === now) continue;
    return new TypeError(
      `Cannot ${ACTION}: ${option} must be the same for all that share a ` +
        `registry and a prefix, received ${now} after ${before}`,
    );
  }
}

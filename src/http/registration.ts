import { defaultRegistry } from "../exposition/default_registry.ts";
import type { Registry } from "../types.ts";
import {
  RequestMetrics,
  type RequestMetricsSettings,
} from "./request_metrics.ts";

/**
 * A registry that metrics can join: a `Registry` of either client.
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

/** Those of the default registry, which is loaded when it is needed. */
const ofDefault: ByPrefix = new Map();

/** What the errors are about. */
export const ACTION = "measure requests";

/**
 * Finds the metrics of requests in a registry, or makes and registers them: all
 * handlers with the same registry and prefix share theirs.
 *
 * @param registry The registry; `undefined` for the default one, which they join
 * as soon as that is loaded.
 * @param report Takes the error if they cannot join that.
 * @throws {TypeError} If others with the same names are registered, or the
 * handlers that share them want different ones.
 */
export function requestMetricsIn(
  registry: MetricsRegistry | undefined,
  settings: RequestMetricsSettings,
  report: (error: unknown) => void,
): RequestMetrics {
  const known = registry === undefined ? ofDefault : knownIn(registry);
  const found = known.get(settings.prefix);
  if (found !== undefined && isRegistered(registry, found)) {
    requireSame(found.settings, settings);
    return found;
  }
  const made = new RequestMetrics(settings);
  if (registry !== undefined) register(registry, made);
  else {
    defaultRegistry()
      .then((registry) => register(registry as MetricsRegistry, made))
      .catch(report);
  }
  known.set(settings.prefix, made);
  return made;
}

function knownIn(registry: MetricsRegistry): ByPrefix {
  let known = byRegistry.get(registry);
  if (known === undefined) byRegistry.set(registry, known = new Map());
  return known;
}

/** A registry may have been cleared since. */
function isRegistered(
  registry: MetricsRegistry | undefined,
  { all }: RequestMetrics,
): boolean {
  if (registry === undefined) return true;
  const registered = registry.getMetricsAsArray();
  return all.every((metric) => registered.includes(metric));
}

function register(
  registry: MetricsRegistry,
  { all }: RequestMetrics,
): void {
  const names = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  const taken = all.find(({ name }) => names.has(name));
  if (taken !== undefined) {
    throw new TypeError(
      `Cannot ${ACTION}: the registry must not have a metric of the name ` +
        `"${taken.name}" already; give these another \`prefix\`, or, if they ` +
        "are the same, the same `registry` to all that share them",
    );
  }
  for (const metric of all) registry.registerMetric(metric);
}

/** What those who share metrics must agree on, by the options that decide it. */
const SHARED = {
  buckets: "buckets",
  sizeBuckets: "sizes and sizeBuckets",
  labelNames: "the names of labels",
  maxSeries: "maxSeries",
} as const;

function requireSame(
  first: RequestMetricsSettings,
  second: RequestMetricsSettings,
): void {
  for (const [name, option] of Object.entries(SHARED)) {
    const [before, now] = [first, second].map((settings) =>
      String(settings[name as keyof typeof SHARED])
    );
    if (before === now) continue;
    throw new TypeError(
      `Cannot ${ACTION}: ${option} must be the same for all that share a ` +
        `registry and a prefix, received "${now}" after "${before}"`,
    );
  }
}

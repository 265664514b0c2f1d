import { defaultRegistry } from "../exposition/default_registry.ts";
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

/** Whoever counts requests. */
export interface MetricsUser {
  /** Takes the metrics to count with from now on. */
  use(metrics: RequestMetrics): void;
  /** Takes the error of metrics that cannot be served. */
  report(error: unknown): void;
}

type ByPrefix = Map<string, RequestMetrics>;

const byRegistry = new WeakMap<MetricsRegistry, ByPrefix>();

/** Metrics that join the default registry when that is loaded. */
interface Waiting {
  readonly metrics: RequestMetrics;
  readonly users: MetricsUser[];
}

const waiting = new Map<string, Waiting>();

/** The default registry, once it is loaded. */
let loaded: MetricsRegistry | undefined;

/**
 * Finds the metrics of requests in a registry, or makes and registers them: all
 * handlers with the same registry and prefix share theirs.
 *
 * @param registry The registry; `undefined` for the default one, which they join
 * as soon as that is loaded.
 * @throws {TypeError} If others with the same names are registered, or the
 * handlers that share them want different ones.
 */
export function joinRegistry(
  registry: MetricsRegistry | undefined,
  settings: RequestMetricsSettings,
  user: MetricsUser,
): void {
  const joined = registry ?? loaded;
  if (joined !== undefined) {
    const found = findIn(joined, settings);
    const metrics = found ?? new RequestMetrics(settings);
    if (found === undefined) register(joined, metrics);
    return user.use(metrics);
  }
  const others = waiting.get(settings.prefix);
  if (others !== undefined) requireSame(others.metrics.settings, settings);
  const metrics = others?.metrics ?? new RequestMetrics(settings);
  user.use(metrics);
  if (others !== undefined) others.users.push(user);
  else waiting.set(settings.prefix, { metrics, users: [user] });
  if (waiting.size === 1 && others === undefined) void joinDefault();
}

/** Lets those join the default registry who wait for it. */
async function joinDefault(): Promise<void> {
  try {
    loaded = await defaultRegistry() as MetricsRegistry;
  } catch (error) {
    for (const { users } of waiting.values()) {
      for (const user of users) user.report(error);
    }
  }
  for (const { metrics, users } of waiting.values()) {
    if (loaded === undefined) continue;
    try {
      const found = findIn(loaded, metrics.settings);
      if (found === undefined) register(loaded, metrics);
      else {
        metrics.moveTo(found);
        for (const user of users) user.use(found);
      }
    } catch (error) {
      for (const user of users) user.report(error);
    }
  }
  waiting.clear();
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

function register(registry: MetricsRegistry, metrics: RequestMetrics): void {
  const { all, settings: { prefix } } = metrics;
  const names = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  const taken = all.find(({ name }) => names.has(name));
  if (taken !== undefined) {
    throw new TypeError(
      `Cannot ${ACTION}: the registry must not have a metric of the name ` +
        `"${taken.name}" already; give these another \`prefix\``,
    );
  }
  for (const metric of all) registry.registerMetric(metric);
  let known = byRegistry.get(registry);
  if (known === undefined) byRegistry.set(registry, known = new Map());
  known.set(prefix, metrics);
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

import type { RegisteredMetric, Registry } from "../types.ts";

type OpenRegistry = Registry & {
  registerMetric(metric: RegisteredMetric): void;
};

/** The part of the package that all copies of it in a thread share. */
interface Shared {
  /** The package's metrics for applications without a client's registry. */
  readonly registry: OpenRegistry;
  /** The registry of all handlers without one, from the first such handler on. */
  home?: OpenRegistry;
  /**
   * Takes the response of each request that the application measures itself, if a
   * preload measures the others.
   */
  claim?: (outgoing: object) => void;
}

const SHARED = Symbol.for("@prometheus-async/prometheus-async");

/** A bundler, a reload or an installer may have made several copies. */
export function shared(): Shared {
  const global = globalThis as { [SHARED]?: Shared };
  return global[SHARED] ??= { registry: openRegistry() };
}

/** Makes a registry that metrics can join. */
export function openRegistry(): OpenRegistry {
  const metrics: RegisteredMetric[] = [];
  return {
    getMetricsAsArray: () => metrics,
    registerMetric: (metric) => void metrics.push(metric),
  };
}

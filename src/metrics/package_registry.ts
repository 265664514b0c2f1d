import type { RegisteredMetric, Registry } from "../types.ts";

const metrics: RegisteredMetric[] = [];

/**
 * The metrics of the package that have no client's registry to be in: no client
 * is needed for them.
 */
export const packageRegistry: Registry & {
  registerMetric(metric: RegisteredMetric): void;
} = {
  getMetricsAsArray: () => metrics,
  registerMetric: (metric) => void metrics.push(metric),
};

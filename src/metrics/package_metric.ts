import { OwnMetric, type OwnMetricOptions } from "./own_metric.ts";

/** Makes a metric about the package's own work. */
export function packageMetric(
  type: OwnMetricOptions["type"],
  name: string,
  help: string,
): OwnMetric {
  return new OwnMetric({ type, name: `prometheus_async_${name}`, help });
}

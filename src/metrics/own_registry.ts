import type { Registry } from "../types.ts";
import { OwnMetric, type OwnMetricOptions } from "./own_metric.ts";

/** The metrics about the package's own work, of one handler or server. */
export class OwnRegistry implements Registry {
  readonly metrics: OwnMetric[] = [];
  readonly #updates: (() => void)[] = [];

  /** Makes a metric whose name gets the package's prefix. */
  add(type: OwnMetricOptions["type"], name: string, help: string): OwnMetric {
    const options = { type, name: `prometheus_async_${name}`, help };
    const metric = new OwnMetric(options);
    this.metrics.push(metric);
    return metric;
  }

  /** Has a function set metrics before they are gathered. */
  onGather(update: () => void): void {
    this.#updates.push(update);
  }

  getMetricsAsArray(): readonly OwnMetric[] {
    for (const update of this.#updates) update();
    return this.metrics;
  }
}

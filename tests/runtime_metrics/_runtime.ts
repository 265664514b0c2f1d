/** Runtime metrics for the tests, and what is read of them. */
import { metricsHandler, type MetricsHandlerOptions } from "../../mod.ts";
import {
  type RuntimeMetrics,
  runtimeMetrics,
  type RuntimeMetricsOptions,
} from "../../src/runtime_metrics/mod.ts";

const DELAY = "runtime_eventloop_delay_seconds";

/** Runs a function with runtime metrics, which are stopped afterwards. */
export async function withRuntime(
  options: RuntimeMetricsOptions,
  fn: (registry: RuntimeMetrics) => void | Promise<void>,
): Promise<void> {
  const registry = runtimeMetrics(options);
  try {
    await fn(registry);
  } finally {
    registry.stop();
  }
}

/** Yields a function that scrapes registries by a handler of its own. */
export function scraper(
  options: MetricsHandlerOptions,
): (search?: string) => Promise<string> {
  const handler = metricsHandler(options);
  return async (search = "") => {
    const request = new Request(`http://localhost/metrics${search}`);
    return await (await handler(request)).text();
  };
}

/** The delays of a scrape: their number and sum, and how many were long. */
export interface Delays {
  readonly count: number;
  readonly seconds: number;
  /** Those of more than a quarter of a second. */
  readonly long: number;
}

/** Reads the delays of a scrape. */
export function delaysOf(text: string): Delays {
  const value = (sample: string) => {
    const line = text.split("\n").find((line) =>
      line.startsWith(`${DELAY}${sample} `)
    );
    if (line === undefined) throw new Error(`no ${sample} in ${text}`);
    return Number(line.slice(line.lastIndexOf(" ")));
  };
  const count = value("_count");
  return {
    count,
    seconds: value("_sum"),
    long: count - value('_bucket{le="0.25"}'),
  };
}

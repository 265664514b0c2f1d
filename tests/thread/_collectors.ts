/** Collectors on the main thread, and what a scrape tells of them. */
import type * as promClient from "prom-client";
import { client } from "../_client.ts";
import { valueOf } from "./_threads.ts";

const { Gauge } = client;

/** Tells whether the main thread answers. */
export const RESPONSIVE = "prometheus_async_main_thread_responsive";

/** A gauge whose value is how often its collector has run. */
export function countingGauge(
  registry: promClient.Registry,
  name: string,
): { count: number } {
  const runs = { count: 0 };
  new Gauge({
    name,
    help: "Runs",
    registers: [registry],
    collect() {
      this.set(++runs.count);
    },
  });
  return runs;
}

/** How old what a collector found is, in seconds. */
export function ageOf(text: string, collector: string): number | undefined {
  return valueOf(
    text,
    `prometheus_async_collector_age_seconds{collector="${collector}"}`,
  );
}

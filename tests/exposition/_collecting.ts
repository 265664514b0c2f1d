/** Registries whose metrics collect, and handlers that serve them. */
import {
  CollectorError,
  type MetricsHandler,
  metricsHandler,
  type MetricsHandlerOptions,
} from "../../src/exposition/mod.ts";
import type { Registry } from "../../src/types.ts";
import { assert } from "@std/assert";
import type * as promClient from "prom-client";
import { client } from "../_client.ts";

type Collect = (this: promClient.Gauge) => unknown;

/** A registry of gauges that collect as they are told, and one that is steady. */
export function registryOf(
  collects: Record<string, Collect>,
): promClient.Registry {
  const registry = new client.Registry();
  const registers = [registry];
  for (const [name, collect] of Object.entries(collects)) {
    new client.Gauge({
      name,
      help: name,
      registers,
      collect: collect as () => void,
    });
  }
  new client.Gauge({ name: "steady", help: "steady", registers }).set(1);
  return registry;
}

/** Scrapes a handler; yields all that it answers. */
export async function scrape(
  handler: MetricsHandler,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await handler(
    new Request("http://localhost/metrics", { headers }),
  );
  const { status } = response;
  return { status, headers: response.headers, text: await response.text() };
}

/** A handler that keeps what it reports. */
export function reporting(
  registry: Registry,
  options: MetricsHandlerOptions = {},
): { handler: MetricsHandler; errors: CollectorError[] } {
  const errors: CollectorError[] = [];
  const handler = metricsHandler({
    registry,
    onError(error) {
      assert(error instanceof CollectorError, String(error));
      errors.push(error);
    },
    ...options,
  });
  return { handler, errors };
}

/** The line that counts a collector's failures. */
export const failures = (
  collector: string,
  failure: string,
  count: number,
): string =>
  `prometheus_async_collector_failures_total{collector="${collector}",` +
  `failure="${failure}"} ${count}\n`;

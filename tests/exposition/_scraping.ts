/** Handlers, what they answer, and what they report. */
import {
  CollectorError,
  type MetricsHandler,
  metricsHandler,
  type MetricsHandlerOptions,
} from "../../src/exposition/mod.ts";
import type { Registry } from "../../src/types.ts";
import { assert } from "@std/assert";

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

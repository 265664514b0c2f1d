/** What the scrapes of several benchmarks read. */
import * as clientJs from "@prometheus-io/client";
import * as promClient from "prom-client";

/** Both client packages. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  "prom-client": promClient,
  "@prometheus-io/client": clientJs as unknown as typeof promClient,
};

/** A client package. */
export type Client = typeof promClient;

/** Counters of as many label sets. */
export function counters(
  { Counter, Registry }: Client,
  series: number,
): promClient.Registry {
  const registry = new Registry();
  const counter = new Counter({
    name: "http_requests_total",
    help: "Requests that were answered.",
    labelNames: ["method", "path", "status"],
    registers: [registry],
  });
  for (let n = 0; n < series; n++) {
    const method = n % 2 ? "GET" : "POST";
    counter.inc({ method, path: `/api/v1/items/${n}`, status: "200" }, n);
  }
  return registry;
}

/**
 * Histograms of as many lines: a label set has 11 buckets, the infinite one, a
 * sum and a count.
 */
export function histograms(
  { Histogram, Registry }: Client,
  lines: number,
): promClient.Registry {
  const registry = new Registry();
  const histogram = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time spent in requests.",
    labelNames: ["method", "path"],
    registers: [registry],
  });
  for (let n = 0; n < lines / 14; n++) {
    const labels = { method: n % 2 ? "GET" : "POST", path: `/api/v1/${n}` };
    for (let i = 0; i < 5; i++) histogram.observe(labels, 0.003 * 3 ** i);
  }
  return registry;
}

/** The samples of an answer; the clients write labels and series in their order. */
export function samplesOf(answer: unknown): string[] {
  const text = typeof answer === "string"
    ? answer
    : new TextDecoder().decode(answer as ArrayBuffer);
  return text.split("\n")
    .filter((line) => line !== "" && line[0] !== "#")
    .map((line) => line.split(/[{},]/).sort().join())
    .sort();
}

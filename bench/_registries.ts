/** The registries that several benchmarks scrape. */
import * as clientJs from "@prometheus-io/client";
import * as promClient from "prom-client";
import { type OpenTelemetry, openTelemetry } from "./_open_telemetry.ts";

/** Both client packages. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  "prom-client": promClient,
  "@prometheus-io/client": clientJs as unknown as typeof promClient,
};

/** A client package. */
export type Client = typeof promClient;

const COUNTER = "http_requests_total";
const HISTOGRAM = "http_request_duration_seconds";

/** The label sets and values of as many counters. */
function* countersOf(series: number) {
  for (let n = 0; n < series; n++) {
    const method = n % 2 ? "GET" : "POST";
    const labels = { method, path: `/api/v1/items/${n}`, status: "200" };
    yield { labels, value: n };
  }
}

/** The label sets of histograms of as many lines, and what is observed of each. */
function* histogramsOf(lines: number) {
  for (let n = 0; n < lines / LINES_PER_HISTOGRAM; n++) {
    const labels = { method: n % 2 ? "GET" : "POST", path: `/api/v1/${n}` };
    yield { labels, values: [0, 1, 2, 3, 4].map((i) => 0.003 * 3 ** i) };
  }
}

/** 11 buckets, the infinite one, a sum and a count. */
const LINES_PER_HISTOGRAM = 14;

/** Counters of as many label sets. */
export function counters(
  { Counter, Registry }: Client,
  series: number,
): promClient.Registry {
  const registry = new Registry();
  const counter = new Counter({
    name: COUNTER,
    help: "Requests that were answered.",
    labelNames: ["method", "path", "status"],
    registers: [registry],
  });
  for (const { labels, value } of countersOf(series)) {
    counter.inc(labels, value);
  }
  return registry;
}

/** Histograms of as many lines. */
export function histograms(
  { Histogram, Registry }: Client,
  lines: number,
): promClient.Registry {
  const registry = new Registry();
  const histogram = new Histogram({
    name: HISTOGRAM,
    help: "Time spent in requests.",
    labelNames: ["method", "path"],
    registers: [registry],
  });
  for (const { labels, values } of histogramsOf(lines)) {
    for (const value of values) histogram.observe(labels, value);
  }
  return registry;
}

/** How many routes the requests of a typical service have. */
const ROUTES = 20;

/**
 * The metrics of a typical service: a histogram and a counter of its requests, by
 * route and status, and 30 small metrics. That is 726 lines without the client's
 * default metrics.
 */
export function typical(
  { Counter, Gauge, Histogram, Registry, collectDefaultMetrics }: Client,
  withDefaults: boolean,
): promClient.Registry {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ["method", "route", "status"] as const;
  const durations = new Histogram({
    name: HISTOGRAM,
    help: "Time from request to answer.",
    labelNames,
    registers,
  });
  const requests = new Counter({
    name: COUNTER,
    help: "Requests that were answered.",
    labelNames,
    registers,
  });
  for (let n = 0; n < 2 * ROUTES; n++) {
    const labels = {
      method: n % 4 === 0 ? "POST" : "GET",
      route: `/api/v1/resource_${n >> 1}/:id`,
      status: n % 2 === 0 ? "200" : "404",
    };
    requests.inc(labels, n * n);
    for (let i = 0; i < 8; i++) durations.observe(labels, 0.0031 * n + 0.4 * i);
  }
  for (let n = 0; n < 15; n++) {
    const name = `shop_part_${n}_items`;
    const help = `Items in part ${n} of the shop.`;
    new Gauge({ name, help, registers }).set(n * 1.5);
    const counter = new Counter({
      name: `shop_part_${n}_events_total`,
      help: `Events in part ${n} of the shop, by kind.`,
      labelNames: ["kind"],
      registers,
    });
    for (const kind of ["made", "sold", "lost"]) counter.inc({ kind }, n);
  }
  if (withDefaults) collectDefaultMetrics({ register: registry });
  return registry;
}

/** The same counters, of OpenTelemetry. */
function openTelemetryCounters(series: number): OpenTelemetry {
  const made = openTelemetry();
  const counter = made.meter.createCounter(COUNTER);
  for (const { labels, value } of countersOf(series)) {
    counter.add(value, labels);
  }
  return made;
}

/** The same histograms, of OpenTelemetry. */
function openTelemetryHistograms(lines: number): OpenTelemetry {
  const made = openTelemetry();
  const histogram = made.meter.createHistogram(HISTOGRAM);
  for (const { labels, values } of histogramsOf(lines)) {
    for (const value of values) histogram.record(value, labels);
  }
  return made;
}

/** Metrics to scrape, in any size. */
export interface Content {
  /** As a client has it. */
  of(client: Client, size: number): promClient.Registry;
  /** As OpenTelemetry has it. */
  rival(size: number): OpenTelemetry;
}

/** The metrics to scrape, by their names. */
export const CONTENTS: Readonly<Record<string, Content>> = {
  "counters": { of: counters, rival: openTelemetryCounters },
  "histogram lines": { of: histograms, rival: openTelemetryHistograms },
};

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

/**
 * Checks that two answers have the same samples.
 *
 * @throws {Error} If they have not, with the first one that differs.
 */
export function requireSame(
  name: string,
  wanted: unknown,
  received: unknown,
): void {
  if (wanted === received) return;
  const [a, b] = [samplesOf(wanted), samplesOf(received)];
  const at = a.findIndex((line, i) => line !== b[i]);
  if (at === -1 && a.length === b.length) return;
  throw new Error(`${name} has "${b[at]}" for "${a[at]}"`);
}

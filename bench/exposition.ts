/** What a scrape costs, against the clients' own `metrics()`. */
import * as promClient from "prom-client";
import { Deadline } from "../src/exposition/deadline.ts";
import { encode } from "../src/exposition/encode.ts";
import { TEXT_0_0_4 } from "../src/exposition/format.ts";
import { gather } from "../src/exposition/gather.ts";
import { metricsHandler } from "../src/exposition/mod.ts";
import type { Registry } from "../src/types.ts";
import { compare, type Comparison } from "./_harness.ts";
import { longestHold } from "./_longest_hold.ts";
import {
  type Client,
  CLIENTS,
  counters,
  histograms,
  samplesOf,
} from "./_registries.ts";

async function scrape(registry: Registry): Promise<Uint8Array> {
  const deadline = new Deadline(10_000);
  const options = { isWanted: () => true, deadline };
  const { families } = await gather([registry], options);
  return await encode(families, TEXT_0_0_4);
}

/** Every scrape is the first one. */
function firstScrapes(registry: promClient.Registry): Comparison["cases"] {
  return {
    "registry.metrics()": () => registry.metrics(),
    // What is known from scrape to scrape is known by the registry.
    "gathered and encoded": () =>
      scrape({ getMetricsAsArray: () => registry.getMetricsAsArray() }),
  };
}

/** Before every scrape a series goes and another one comes. */
function afterRemovals(registry: promClient.Registry): Comparison["cases"] {
  const counter = registry.getSingleMetric(
    "http_requests_total",
  ) as promClient.Counter;
  const labels = { method: "POST", path: "/api/v1/items/42", status: "200" };
  const change = () => {
    counter.remove(labels);
    counter.inc(labels, 42);
  };
  return {
    "registry.metrics()": () => {
      change();
      return registry.metrics();
    },
    "gathered and encoded": () => {
      change();
      return scrape(registry);
    },
  };
}

/** As many series in as many metrics. */
function manyMetrics({ Gauge, Registry }: Client, metrics: number) {
  const registry = new Registry();
  const registers = [registry];
  for (let m = 0; m < metrics; m++) {
    const name = `queue_${m}_length`;
    const gauge = new Gauge({ name, help: name, labelNames: ["n"], registers });
    for (let n = 0; n < metrics; n++) gauge.set({ n }, n);
  }
  return registry;
}

/** The ways to an answer; each yields it as text or bytes. */
function casesOf(registry: promClient.Registry) {
  const handler = metricsHandler({ registry });
  const request = new Request("http://localhost/metrics");
  return {
    "registry.metrics()": () => registry.metrics(),
    "gathered and encoded": () => scrape(registry),
    "handler, uncompressed": async () => (await handler(request)).arrayBuffer(),
  };
}

function compareScrapes(
  name: string,
  registry: promClient.Registry,
  sample?: Comparison["sample"],
  cases: Comparison["cases"] = casesOf(registry),
): Comparison {
  return {
    name,
    cases,
    baseline: "registry.metrics()",
    async check(name, run) {
      const wanted = samplesOf(await registry.metrics());
      const received = samplesOf(await run());
      const at = wanted.findIndex((line, i) => line !== received[i]);
      if (at !== -1 || received.length !== wanted.length) {
        throw new Error(
          `${name} answers "${received[at]}" for "${wanted[at]}"`,
        );
      }
    },
    sample,
  };
}

const one = counters(promClient, 10_000);
const changing = counters(promClient, 10_000);

await compare([
  ...Object.entries(CLIENTS).flatMap(([name, client]) => [
    compareScrapes(`10 000 counters of ${name}`, counters(client, 10_000)),
    compareScrapes(
      `10 000 histogram lines of ${name}`,
      histograms(client, 10_000),
    ),
    compareScrapes(
      `longest hold, 100 000 counters of ${name}`,
      counters(client, 100_000),
      longestHold,
    ),
  ]),
  compareScrapes(
    "longest hold, 300 metrics of 300 series",
    manyMetrics(promClient, 300),
    longestHold,
  ),
  compareScrapes(
    "10 000 counters, first scrape",
    one,
    undefined,
    firstScrapes(one),
  ),
  compareScrapes(
    "10 000 counters, one removed and one new",
    changing,
    undefined,
    afterRemovals(changing),
  ),
]);

/**
 * The application's other requests while it is scraped: how long the slowest in a
 * hundred take while 10 000 series are scraped ten times a second, against those
 * of an application that nobody scrapes.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import * as promClient from "prom-client";
import { metricsHandler } from "../src/exposition/mod.ts";
import { startHttpServerInThread } from "../src/thread/mod.ts";
import { compare } from "./_harness.ts";
import { counters } from "./_registries.ts";
import { type Fetch, onDemand, serve } from "./_server.ts";
import { AS_PROMETHEUS } from "./_as_prometheus.ts";
import { nsOfSlowest, type Pace } from "./_wrk.ts";

const SERIES = 10_000;

/** A thousand a second at most, which come at any time. */
const REQUESTS: Pace = { connections: 100, pause: [50, 150], seconds: 3 };

/** Ten a second at most, of uncompressed text, one after the other. */
const SCRAPES: Pace = { connections: 1, pause: [100, 100], seconds: 3 };

const registry = () => counters(promClient, SERIES);

/** An application; it answers scrapes itself, or nobody does. */
function application(metrics?: Fetch): Promise<string> {
  return serve((request) => {
    if (request.url.endsWith("/metrics") && metrics) return metrics(request);
    return new Response("hello");
  });
}

const urlOf = onDemand({
  "application": () => application(),
  "prom-client": () => {
    const scraped = registry();
    return application(async () => new Response(await scraped.metrics()));
  },
  "metricsHandler()": () =>
    application(metricsHandler({ registry: registry() })),
  "startHttpServerInThread()": async () =>
    (await startHttpServerInThread({
      addr: "127.0.0.1",
      registry: registry(),
    })).metricsUrl,
  "a fixed body on a thread": async () => {
    const workerData = await registry().metrics();
    const url = new URL("./_fixed_body.ts", import.meta.url);
    return (await once(new Worker(url, { workerData }), "message"))[0];
  },
});

/** The 99th percentile of an application's requests while something is scraped. */
async function whileScraped(
  url: string,
  scraped: string,
  headers: readonly string[] = [],
): Promise<number> {
  const [slowest] = await Promise.all([
    nsOfSlowest(url, REQUESTS),
    nsOfSlowest(scraped, { ...SCRAPES, headers }),
  ]);
  return slowest;
}

/** The application whose scrapes are those of a thread is another's. */
async function onThread(
  name: string,
  headers?: readonly string[],
): Promise<number> {
  const url = await urlOf("application");
  return await whileScraped(url, await urlOf(name), headers);
}

async function inside(name: string): Promise<number> {
  const url = await urlOf(name);
  return await whileScraped(url, `${url}/metrics`);
}

/** As Prometheus asks for it; no client compresses. */
const COMPRESSED = "startHttpServerInThread(), gzip";

await compare([{
  name:
    "p99 of an application's requests, 10 000 counters, ten scrapes a second",
  baseline: "not scraped",
  cases: {
    "not scraped": async () =>
      await nsOfSlowest(await urlOf("application"), REQUESTS),
    "prom-client": () => inside("prom-client"),
    "metricsHandler()": () => inside("metricsHandler()"),
    "startHttpServerInThread()": () => onThread("startHttpServerInThread()"),
    [COMPRESSED]: () => onThread("startHttpServerInThread()", AS_PROMETHEUS),
    "a fixed body on a thread": () => onThread("a fixed body on a thread"),
  },
  async check(name) {
    if (name === "not scraped") return;
    const isInside = name === "prom-client" || name === "metricsHandler()";
    const server = name === COMPRESSED ? "startHttpServerInThread()" : name;
    const url = await urlOf(server) + (isInside ? "/metrics" : "");
    const text = await (await fetch(url)).text();
    const samples = text.match(/^http_requests_total\{/gm)?.length;
    if (samples !== SERIES) throw new Error(`${name}: ${samples} samples`);
  },
  sample: async (run) => await run() as number,
  maxRounds: 7,
}]);

/**
 * Holds what README.md says of other packages, in the table beside what else
 * there is.
 */
import { prometheus as honoPrometheus } from "@hono/prometheus";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import * as successor from "@prometheus-io/client";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Hono } from "hono";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import * as promClient from "prom-client";
import { metricsHandler } from "../../src/exposition/mod.ts";
import { metrics, prometheus } from "../../src/hono/mod.ts";
import { test } from "../_suite.ts";

/** Both packages, in the types of one. */
const CLIENTS: Record<string, typeof promClient> = {
  "prom-client": promClient,
  "@prometheus-io/client": successor as unknown as typeof promClient,
};

/** How long the scraper waits. */
const SCRAPER_SECONDS = 0.3;

/** The headers of Prometheus 2.42. */
const PROMETHEUS = {
  "accept": "application/openmetrics-text;version=1.0.0," +
    "application/openmetrics-text;version=0.0.1;q=0.75," +
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
  "accept-encoding": "gzip",
  "x-prometheus-scrape-timeout-seconds": String(SCRAPER_SECONDS),
};

type Fetch = (request: Request) => Response | Promise<Response>;

/** A metric that is there, and one whose collector does as it is told. */
interface Subject {
  readonly name: string;
  serve(collect: () => unknown, help?: string): Promise<Served>;
}

interface Served {
  readonly fetch: Fetch;
  close?(): Promise<void>;
}

function registryOf(
  collect: () => unknown,
  { client = promClient, help = "Steady" } = {},
) {
  const registry = new client.Registry();
  const registers = [registry];
  new client.Gauge({ name: "steady", help, registers }).set(1);
  new client.Gauge({
    name: "collected",
    help: "Collected",
    registers,
    collect: collect as () => void,
  });
  return registry;
}

const PACKAGE: Subject = {
  name: "metricsHandler()",
  serve(collect, help) {
    const registry = registryOf(collect, { help });
    return Promise.resolve({
      fetch: metricsHandler({ registry, onError: () => {} }),
    });
  },
};

const HONO: Subject = {
  name: "@hono/prometheus",
  serve(collect, help) {
    const registry = registryOf(collect, { help });
    const app = new Hono();
    app.onError(() => new Response(null, { status: 500 }));
    const { printMetrics } = honoPrometheus({ registry });
    app.get("/metrics", printMetrics);
    return Promise.resolve({ fetch: app.fetch });
  },
};

const OPEN_TELEMETRY: Subject = {
  name: "OpenTelemetry",
  async serve(collect, description) {
    const exporter = new PrometheusExporter({ preventServerStart: true });
    const meter = new MeterProvider({ readers: [exporter] }).getMeter("m");
    meter.createCounter("steady", { description }).add(1);
    meter.createObservableGauge("collected").addCallback(async () => {
      await collect();
    });
    const server = createServer((request, response) =>
      exporter.getMetricsRequestHandler(request, response)
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return {
      fetch: (request) =>
        fetch(`http://127.0.0.1:${port}/metrics`, {
          headers: request.headers,
          signal: request.signal,
        }),
      close: () => closed(server),
    };
  },
};

async function closed(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

/** Scrapes as Prometheus does, and yields what is answered. */
async function scrape(
  subject: Subject,
  collect: () => unknown,
): Promise<{ response: Response; text: string }> {
  return await scrapeUntil(subject, collect, (answered) => answered);
}

/** Scrapes, and gives up when a promise says so. */
async function scrapeUntil<Result>(
  { serve }: Subject,
  collect: () => unknown,
  wait: (
    answered: Promise<{ response: Response; text: string }>,
  ) => Promise<Result>,
): Promise<Result> {
  const { fetch, close } = await serve(collect);
  const client = new AbortController();
  const answered = (async () => {
    const response = await fetch(
      new Request("http://localhost/metrics", {
        headers: PROMETHEUS,
        signal: client.signal,
      }),
    );
    return { response, text: await response.clone().text() };
  })();
  answered.catch(() => {});
  try {
    return await wait(answered);
  } finally {
    client.abort();
    await close?.();
  }
}

/** Whether there is no answer before something else has happened. */
function isUnanswered(
  subject: Subject,
  before: Promise<unknown>,
): Promise<boolean> {
  return scrapeUntil(
    subject,
    hangs,
    (answered) =>
      Promise.race([answered.then(() => false), before.then(() => true)]),
  );
}

const works = () => {};
const throws = () => {
  throw new Error("it does not work");
};
const hangs = () => new Promise<void>(() => {});

test("only metricsHandler() answers in the format that is asked for", async () => {
  const types = await Promise.all(
    [PACKAGE, HONO, OPEN_TELEMETRY].map(async (subject) => {
      const { response } = await scrape(subject, works);
      // On Bun a text has no type before it is served: it is plain then.
      const type = response.headers.get("content-type") ?? "text/plain";
      return type.split(";")[0];
    }),
  );
  assertEquals(types, [
    "application/openmetrics-text",
    "text/plain",
    "text/plain",
  ]);
  for (const { Registry } of Object.values(CLIENTS)) {
    // They do not see the request: it is the registry that has a type.
    assertEquals(new Registry().contentType, Registry.PROMETHEUS_CONTENT_TYPE);
  }
});

test("only metricsHandler() compresses by itself", async () => {
  // More than is worth compressing.
  const filler = "x".repeat(2000);
  const encodings = await Promise.all(
    [PACKAGE, HONO, OPEN_TELEMETRY].map(async (subject) => {
      const { response } = await scrape({
        ...subject,
        serve: () => subject.serve(works, filler),
      }, works);
      return response.headers.get("content-encoding");
    }),
  );
  // That of `fetch` says so even though it has decompressed it.
  assertEquals(encodings, ["gzip", null, null]);
});

test("both clients rename a counter when they write OpenMetrics", async () => {
  for (const client of Object.values(CLIENTS)) {
    const registry = new client.Registry<promClient.OpenMetricsContentType>();
    registry.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
    const registers = [registry];
    const name = "jobs_total";
    const counter = new client.Counter({ name, help: "Jobs", registers });
    const nameOf = async () => (await counter.get() as { name: string }).name;
    await metricsHandler({ registry })(
      new Request("http://localhost/metrics", { headers: PROMETHEUS }),
    );
    assertEquals(await nameOf(), "jobs_total");
    await registry.metrics();
    assertEquals(await nameOf(), "jobs");
  }
});

test("a collector that throws costs a client its whole scrape", async () => {
  const ours = await scrape(PACKAGE, throws);
  assertEquals(ours.response.status, 200);
  assert(/^steady 1$/m.test(ours.text));
  assert(/^prometheus_async_collector_failures_total\{/m.test(ours.text));
  for (const client of Object.values(CLIENTS)) {
    await assertRejects(() => registryOf(throws, { client }).metrics(), Error);
  }
  assertEquals((await scrape(HONO, throws)).response.status, 500);
  // OpenTelemetry serves the rest, and says nothing of it in the answer.
  const other = await scrape(OPEN_TELEMETRY, throws);
  assert(/^steady_total\{.*\} 1/m.test(other.text), other.text);
  assert(!/^(?!# ).*(error|fail)/im.test(other.text), other.text);
});

test("a collector that hangs leaves the others without an answer", async () => {
  // They wait for as long as a scrape that is answered, and as the scraper does:
  // to be late is what they are expected to be.
  const ours = scrape(PACKAGE, hangs);
  const givenUp = Promise.all([ours, sleep(SCRAPER_SECONDS * 1000)]);
  const others = [
    ...Object.values(CLIENTS).map((client) => {
      const metrics = registryOf(hangs, { client }).metrics();
      return Promise.race([
        metrics.then(() => false),
        givenUp.then(() => true),
      ]);
    }),
    isUnanswered(HONO, givenUp),
    isUnanswered(OPEN_TELEMETRY, givenUp),
  ];
  const { response, text } = await ours;
  assertEquals(response.status, 200);
  assert(/^steady 1$/m.test(text));
  assertEquals(await Promise.all(others), [true, true, true, true]);
});

test("@hono/prometheus counts a stream before it has ended", async () => {
  const registry = new promClient.Registry();
  const { registerMetrics, printMetrics } = honoPrometheus();
  const gate = Promise.withResolvers<void>();
  const stream = () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await gate.promise;
          controller.close();
        },
      }, { highWaterMark: 0 }),
    );
  const theirs = new Hono();
  theirs.get("/metrics", printMetrics);
  theirs.use(registerMetrics);
  theirs.get("/stream", stream);
  const ours = new Hono();
  ours.get("/metrics", metrics({ registry }));
  ours.use(prometheus({ registry }));
  ours.get("/stream", stream);
  const counted = async (app: Hono) =>
    /^http_requests_total\{.*\/stream.*\} 1$/m.test(
      await (await app.request("/metrics")).text(),
    );
  const responses = [theirs, ours].map((app) => app.request("/stream"));
  const [their, our] = await Promise.all(responses);
  assertEquals([await counted(theirs), await counted(ours)], [true, false]);
  gate.resolve();
  await Promise.all([their.text(), our.text()]);
  assertEquals([await counted(theirs), await counted(ours)], [true, true]);
});

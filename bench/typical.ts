/**
 * A scrape of a typical service, asked for as Prometheus does, against the
 * clients' own `metrics()`: one after the other, and as it comes in a service, with
 * other work and its garbage between two scrapes; in process and over HTTP.
 */
import type * as promClient from "prom-client";
import { gunzipSync } from "node:zlib";
import { metricsHandler } from "../src/exposition/mod.ts";
import { startHttpServer } from "../src/server/mod.ts";
import { startHttpServerInThread } from "../src/thread/mod.ts";
import { cpuPerScrape } from "./_cpu.ts";
import { collectGarbage } from "./_garbage.ts";
import { type Cases, compare, type Comparison } from "./_harness.ts";
import { onDemand, serve } from "./_server.ts";
import { AS_PROMETHEUS } from "./_as_prometheus.ts";
import { type Client, CLIENTS, requireSame, typical } from "./_registries.ts";

const BASELINE = "registry.metrics()";

const BEHIND = "the client, behind the runtime's server";

/** The headers of the client's text. */
const AS_TEXT = { "content-type": "text/plain; version=0.0.4" };

const HEADERS = AS_PROMETHEUS.map((line) => line.split(": ")) as [
  name: string,
  value: string,
][];

/** Asks a handler, and yields the body as it comes. */
function asking(
  registry: promClient.Registry,
  headers: [string, string][],
): () => Promise<ArrayBuffer> {
  const handler = metricsHandler({ registry });
  return async () => {
    const request = new Request("http://localhost/metrics", { headers });
    return (await handler(request)).arrayBuffer();
  };
}

function waysOf(registry: promClient.Registry): Cases {
  return {
    [BASELINE]: () => registry.metrics(),
    "handler, uncompressed text": asking(registry, []),
    "handler, as Prometheus asks": asking(registry, HEADERS),
  };
}

/** Leaves out what differs from call to call, and what OpenMetrics spells otherwise. */
function comparable(text: string): string {
  return text.replace(/^(process|nodejs)_.*\n/gm, "")
    .replace(/le="(\d+)\.0"/g, 'le="$1"');
}

/** How many bytes are touched before a scrape in the cold. */
const TOUCHED_BYTES = 48e6;

/** How many objects are made, and dropped, before it. */
const OBJECTS = 60_000;

/** Times one call after other work and two major collections, in nanoseconds. */
async function inTheCold(run: () => unknown): Promise<number> {
  for (let n = 0; n < 2; n++) {
    const objects: unknown[] = [];
    for (let i = 0; i < OBJECTS; i++) objects.push({ i, text: `${i}` });
    if (objects.length !== OBJECTS) throw new Error("they were not made");
    collectGarbage();
  }
  const touched = new Uint8Array(TOUCHED_BYTES);
  for (let at = 0; at < touched.length; at += 64) touched[at] = at;
  return await inOwnTurn(run);
}

/**
 * Times one call in a turn of its own, in nanoseconds. A client that is called again
 * and again never yields to the event loop, and the next handler that does pays for
 * what has piled up: the clients' default metrics wait for a turn in each scrape.
 */
async function inOwnTurn(run: () => unknown): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  const startedAt = performance.now();
  await run();
  return (performance.now() - startedAt) * 1e6;
}

/** Makes a sample of the median of some calls. */
const medianOf =
  (count: number, time: (run: () => unknown) => Promise<number>) =>
  async (run: () => unknown): Promise<number> => {
    const times: number[] = [];
    for (let n = 0; n < count; n++) times.push(await time(run));
    return times.sort((a, b) => a - b)[count >> 1];
  };

function comparison(
  name: string,
  client: Client,
  withDefaults: boolean,
  how: Partial<Comparison> = {},
): Comparison {
  return {
    name,
    baseline: BASELINE,
    cases: () => waysOf(typical(client, withDefaults)),
    async check(each, run, cases) {
      const wanted = comparable(String(await cases[BASELINE]()));
      const answer = await run();
      const text = typeof answer === "string"
        ? answer
        : new TextDecoder().decode(
          each.endsWith("as Prometheus asks")
            ? gunzipSync(answer as ArrayBuffer)
            : answer as ArrayBuffer,
        );
      requireSame(each, wanted, comparable(text));
    },
    ...how,
  };
}

/** Servers in this process, by their names; each has a registry of its own. */
function servers(client: Client) {
  const registry = () => typical(client, false);
  const addr = "127.0.0.1";
  return onDemand({
    [BEHIND]: () => {
      const scraped = registry();
      return serve(async () =>
        new Response(await scraped.metrics(), { headers: AS_TEXT })
      );
    },
    "startHttpServer()": async () =>
      (await startHttpServer({ addr, registry: registry() })).metricsUrl,
    "startHttpServerInThread()": async () =>
      (await startHttpServerInThread({ addr, registry: registry() }))
        .metricsUrl,
  });
}

/** By whom the servers are asked, and how. */
const ASKED = {
  [BEHIND]: [BEHIND, false],
  "startHttpServer(), uncompressed text": ["startHttpServer()", false],
  "startHttpServer(), as Prometheus asks": ["startHttpServer()", true],
  "startHttpServerInThread(), as Prometheus asks": [
    "startHttpServerInThread()",
    true,
  ],
} as const;

function overHttp(name: string, client: Client): Comparison {
  const urlOf = servers(client);
  return {
    name: `CPU of a scrape over HTTP, 32 metrics of ${name}`,
    baseline: BEHIND,
    cases: Object.fromEntries(
      Object.entries(ASKED).map(([each, [server, isAsPrometheus]]) => [
        each,
        async () => cpuPerScrape(await urlOf(server), isAsPrometheus),
      ]),
    ),
    async check(each) {
      const [server] = ASKED[each as keyof typeof ASKED];
      const text = await (await fetch(await urlOf(server))).text();
      requireSame(
        each,
        await typical(client, false).metrics(),
        text.replaceAll(/^prometheus_async_.*$/gm, ""),
      );
    },
    sample: async (run) => await run() as number,
    maxRounds: 5,
  };
}

await compare([
  ...Object.entries(CLIENTS).flatMap(([name, client]) =>
    [false, true].flatMap((withDefaults) => {
      const what = `32 metrics of ${name}` +
        (withDefaults ? " and its default ones" : "");
      return [
        comparison(
          what,
          client,
          withDefaults,
          withDefaults ? { sample: medianOf(51, inOwnTurn) } : {},
        ),
        comparison(`${what}, cold`, client, withDefaults, {
          sample: medianOf(7, inTheCold),
        }),
      ];
    })
  ),
  ...Object.entries(CLIENTS).map(([name, client]) => overHttp(name, client)),
]);

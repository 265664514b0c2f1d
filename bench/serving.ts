/**
 * How many scrapes of 1 000 series a server answers: those of this package, and
 * the clients' and OpenTelemetry's own text behind the runtime's server, against
 * one that answers with a fixed body.
 */
import * as promClient from "prom-client";
import { metricsHandler } from "../src/exposition/mod.ts";
import { startHttpServerInThread } from "../src/thread/mod.ts";
import { compare, type Comparison } from "./_harness.ts";
import { CLIENTS, type Content, CONTENTS, requireSame } from "./_registries.ts";
import { onDemand, serve } from "./_server.ts";
import { AS_PROMETHEUS } from "./_as_prometheus.ts";
import { nsPerRequest } from "./_wrk.ts";

const SERIES = 1_000;

/** How a server is asked: one at a time, or as many as use all of its time. */
const ASKED: readonly Asked[] = [
  { name: "1 at a time", connections: 1 },
  { name: "8 at a time", connections: 8 },
  // No client compresses; a server of this package does then.
  {
    name: "1 at a time, as Prometheus asks",
    connections: 1,
    headers: AS_PROMETHEUS,
  },
];

interface Asked {
  readonly name: string;
  readonly connections: number;
  readonly headers?: readonly string[];
}

const headers = { "content-type": promClient.prometheusContentType };

/** Every server by its name; each has a registry of its own. */
function servers({ of, rival }: Content) {
  const byClients = Object.entries(CLIENTS).map(([name, client]) => [
    name,
    () => {
      const registry = of(client, SERIES);
      return serve(async () =>
        new Response(await registry.metrics(), { headers })
      );
    },
  ]);
  return onDemand({
    ...Object.fromEntries(byClients),
    "OpenTelemetry": () => {
      const { expose } = rival(SERIES);
      return serve(async () => new Response(await expose(), { headers }));
    },
    "metricsHandler()": () =>
      serve(metricsHandler({ registry: of(promClient, SERIES) })),
    "startHttpServerInThread()": async () => {
      const { metricsUrl } = await startHttpServerInThread({
        addr: "127.0.0.1",
        registry: of(promClient, SERIES),
      });
      return metricsUrl;
    },
    "a fixed body": async () => {
      const body = await of(promClient, SERIES).metrics();
      return serve(() => new Response(body, { headers }));
    },
  });
}

const NAMES = [
  ...Object.keys(CLIENTS),
  "OpenTelemetry",
  "metricsHandler()",
  "startHttpServerInThread()",
  "a fixed body",
];

/** Without the package's own metrics, which are beside the application's. */
const withoutOwn = (text: string) =>
  text.replaceAll(/^prometheus_async_.*$/gm, "");

function comparison(
  what: string,
  { name, connections, headers }: Asked,
): Comparison {
  const content = CONTENTS[what];
  const urlOf = servers(content);
  return {
    name: `GET /metrics, 1 000 ${what}, ${name}`,
    baseline: "prom-client",
    cases: Object.fromEntries(
      NAMES.map((name) => [
        name,
        async () => nsPerRequest(await urlOf(name), connections, headers),
      ]),
    ),
    async check(name) {
      const response = await fetch(await urlOf(name));
      const wanted = await content.of(promClient, SERIES).metrics();
      requireSame(name, wanted, withoutOwn(await response.text()));
    },
    sample: async (run) => await run() as number,
    maxRounds: 5,
  };
}

await compare(
  Object.keys(CONTENTS).flatMap((what) =>
    ASKED.map((asked) => comparison(what, asked))
  ),
);

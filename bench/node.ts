/** Requests to applications of Express and Fastify, measured and not. */
import * as successor from "@prometheus-io/client";
import express from "express";
import promBundle from "express-prom-bundle";
import fastify from "fastify";
import fastifyMetrics from "fastify-metrics";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Registry } from "prom-client";
import { fastify as plugin, middleware } from "../src/node/mod.ts";
import { compare, type Comparison } from "./_harness.ts";
import { onDemand } from "./_server.ts";
import { fastest, nsPerRequest } from "./_wrk.ts";

/** Writes the metrics of an application, if any are made. */
type Metrics = () => Promise<string> | string;

const metricsOf = new Map<string, Metrics>();

async function listen(server: Server): Promise<string> {
  if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An application of Express, with a middleware or none. */
const byExpress = (handler?: express.RequestHandler) => () => {
  const app = express();
  if (handler !== undefined) app.use(handler);
  app.get("/users/:id", (_request, response) => void response.send("hello"));
  return listen(createServer(app));
};

/** An application of Fastify, with a plugin or none. */
const byFastify =
  (register?: (app: ReturnType<typeof fastify>) => unknown) => async () => {
    const app = fastify();
    await register?.(app);
    app.get("/users/:id", () => "hello");
    await app.listen({ host: "127.0.0.1", port: 0 });
    return await listen(app.server);
  };

function ours(name: string): Registry {
  const registry = new Registry();
  metricsOf.set(name, () => registry.metrics());
  return registry;
}

function bundle(): express.RequestHandler {
  const promRegistry = new Registry();
  metricsOf.set("express-prom-bundle", () => promRegistry.metrics());
  return promBundle({ includeMethod: true, includePath: true, promRegistry });
}

function theirs(app: ReturnType<typeof fastify>): unknown {
  const registry = new successor.Registry();
  metricsOf.set("fastify-metrics", () => registry.metrics());
  return app.register(fastifyMetrics as never, {
    endpoint: null,
    defaultMetrics: { enabled: false },
    routeMetrics: { overrides: { histogram: { registers: [registry] } } },
    promClient: successor,
  } as never);
}

/** How many requests there are at a time. */
const CONNECTIONS = 32;

const urlOf = onDemand({
  "Express alone": byExpress(),
  "middleware()": byExpress(middleware({ registry: ours("middleware()") })),
  "express-prom-bundle": byExpress(bundle()),
  "Fastify alone": byFastify(),
  "fastify()": byFastify((app) =>
    app.register(plugin({ registry: ours("fastify()") }))
  ),
  "fastify-metrics": byFastify(theirs),
});

const requests = (name: string, baseline: string, measured: string) => ({
  name,
  baseline,
  cases: Object.fromEntries(
    [baseline, measured].map((each) => [
      each,
      async () => nsPerRequest(`${await urlOf(each)}/users/1`, CONNECTIONS),
    ]),
  ),
  /** Each answers, and counts what it is there to count. */
  async check(name: string, run: () => unknown) {
    await run();
    const metrics = metricsOf.get(name);
    const text = await metrics?.() ?? "users";
    if (!text.includes("users")) throw new Error(`${name}: ${text}`);
  },
  sample: fastest,
});

const comparisons: Comparison[] = [
  requests("requests to Express", "Express alone", "middleware()"),
  requests(
    "requests to Express, by one middleware or the other",
    "express-prom-bundle",
    "middleware()",
  ),
  requests("requests to Fastify", "Fastify alone", "fastify()"),
  requests(
    "requests to Fastify, by one plugin or the other",
    "fastify-metrics",
    "fastify()",
  ),
];

await compare(comparisons);

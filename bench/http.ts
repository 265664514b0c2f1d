/** What a middleware that measures requests costs an application of Hono. */
import { serve as serveByNode } from "@hono/node-server";
import { prometheus as honoPrometheus } from "@hono/prometheus";
import { Hono, type MiddlewareHandler } from "hono";
import { execFile } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { Registry } from "prom-client";
import { prometheus } from "../src/hono/mod.ts";
import { runtimeName } from "../src/runtime/detect.ts";
import { compare, type Comparison } from "./_harness.ts";

const execute = promisify(execFile);
const hostname = "127.0.0.1";

type Fetch = Hono["fetch"];

interface BunGlobal {
  serve(options: { hostname: string; port: number; fetch: Fetch }): {
    readonly port: number;
  };
}

/** Serves an application with the runtime's own server; yields its URL. */
async function serve(fetch: Fetch): Promise<string> {
  return `http://${hostname}:${await listen(fetch)}`;
}

async function listen(fetch: Fetch): Promise<number> {
  switch (runtimeName()) {
    case "deno":
      return Deno.serve({ hostname, port: 0, onListen() {} }, fetch).addr.port;
    case "bun": {
      const { Bun } = globalThis as unknown as { Bun: BunGlobal };
      return Bun.serve({ hostname, port: 0, fetch }).port;
    }
    case "node": {
      const server = serveByNode({ hostname, port: 0, fetch });
      await once(server, "listening");
      return (server.address() as AddressInfo).port;
    }
  }
}

/** An application with one middleware and one route. */
function application(middleware: MiddlewareHandler): Hono {
  const app = new Hono();
  app.use(middleware);
  app.get("/users/:id", (c) => c.text("hello"));
  return app;
}

const ours = new Registry();
const theirs = new Registry();

/** What is compared, by name. */
const MIDDLEWARE: Readonly<Record<string, () => MiddlewareHandler>> = {
  "an empty middleware": () => async (_c, next) => void await next(),
  "prometheus()": () => prometheus({ registry: ours }),
  "@hono/prometheus": () =>
    honoPrometheus({ registry: theirs }).registerMetrics,
};

const servers = new Map<string, Promise<string>>();

/** The URL of an application with one of them, which is started when it is needed. */
function urlOf(name: string): Promise<string> {
  let url = servers.get(name);
  if (url === undefined) {
    url = serve(application(MIDDLEWARE[name]()).fetch);
    servers.set(name, url);
  }
  return url;
}

/** How long a request takes while the server has as many as it can, in nanoseconds. */
async function nsPerRequest(name: string): Promise<number> {
  const url = await urlOf(name);
  const load = ["--threads", "1", "--connections", "32", "--duration", "1s"];
  const { stdout } = await execute("wrk", [...load, `${url}/users/1`]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  return 1e9 / Number(/Requests\/sec: *([\d.]+)/.exec(stdout)![1]);
}

const REGISTRIES: Readonly<Record<string, Registry>> = {
  "prometheus()": ours,
  "@hono/prometheus": theirs,
};

const shared: Omit<Comparison, "name" | "cases" | "baseline"> = {
  /** Each answers, and counts what it is there to count. */
  async check(name, run) {
    await run();
    const text = await REGISTRIES[name]?.metrics() ?? "";
    const isCounted = text.includes('route="/users/:id"');
    if (isCounted !== name in REGISTRIES) throw new Error(`${name}: ${text}`);
  },
  sample: async (run) => await run() as number,
};

const cases = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, () => nsPerRequest(name)]));

const comparisons: Comparison[] = [
  {
    name: "requests, measured by a middleware",
    cases: cases("an empty middleware", "prometheus()"),
    baseline: "an empty middleware",
    ...shared,
  },
  {
    name: "requests, measured by one middleware or the other",
    cases: cases("@hono/prometheus", "prometheus()"),
    baseline: "@hono/prometheus",
    ...shared,
  },
];

await compare(comparisons);

/** Requests to an application of Hono, with a middleware that measures them. */
import { prometheus as honoPrometheus } from "@hono/prometheus";
import { Hono, type MiddlewareHandler } from "hono";
import { Registry } from "prom-client";
import { prometheus } from "../src/hono/mod.ts";
import { compare, type Comparison } from "./_harness.ts";
import { onDemand, serve } from "./_server.ts";
import { nsPerRequest } from "./_wrk.ts";

/** An application with one middleware and one route. */
function application(middleware: MiddlewareHandler): Hono {
  const app = new Hono();
  app.use(middleware);
  app.get("/users/:id", (c) => c.text("hello"));
  return app;
}

const ours = new Registry();
const theirs = new Registry();

/** The applications, by name. */
const MIDDLEWARE: Readonly<Record<string, () => MiddlewareHandler>> = {
  "an empty middleware": () => async (_c, next) => void await next(),
  "prometheus()": () => prometheus({ registry: ours }),
  "@hono/prometheus": () =>
    honoPrometheus({ registry: theirs }).registerMetrics,
};

/** How many requests there are at a time. */
const CONNECTIONS = 32;

const urlOf = onDemand(
  Object.fromEntries(
    Object.entries(MIDDLEWARE).map((
      [name, make],
    ) => [name, () => serve(application(make()).fetch)]),
  ),
);

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
  Object.fromEntries(
    names.map((name) => [
      name,
      async () => nsPerRequest(`${await urlOf(name)}/users/1`, CONNECTIONS),
    ]),
  );

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

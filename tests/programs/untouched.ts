/**
 * An application that knows nothing of a preload. Prints the port of its server,
 * and ends when it is told to.
 *
 * Its argument is what it is made with: a name of {@linkcode APPLICATIONS}, or
 * `child` (a server in a child process), `worker` (in a thread), `cluster` (two
 * workers), `script` (no server; it ends by itself), `brief` (which lasts as many
 * milliseconds as its second argument says), `late` (a server on the port that its
 * second argument is, after three seconds).
 */
import { spawn } from "node:child_process";
import cluster from "node:cluster";
import { once } from "node:events";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { isMainThread, Worker } from "node:worker_threads";

const HOST = "127.0.0.1";

const BLOCK_MS = 5000;

const [, file, named, end] = process.argv;
const kind = isMainThread ? named : "http";

// A child ends with its parent, however that ends.
if (end === "ends") process.stdin.resume().on("end", () => process.exit());

function block(): string {
  const end = performance.now() + BLOCK_MS;
  while (performance.now() < end);
  return "done";
}

function fail(): never {
  throw new Error("on purpose");
}

const PARTS = ["one, ", "two, ", "three"];

async function* inParts(): AsyncGenerator<string> {
  for (const part of PARTS) {
    yield part;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, HOST), "listening");
  return (server.address() as AddressInfo).port;
}

async function byNode(listener: RequestListener): Promise<number> {
  const { createServer } = await import("node:http");
  return await listen(createServer(listener));
}

async function byExpress(
  framework: typeof import("express"),
  first?: import("express").RequestHandler,
): Promise<number> {
  const { Readable } = await import("node:stream");
  const app = framework();
  app.set("env", "test");
  if (first) app.use(first);
  app.use(framework.text());
  app.get("/users/:id", (_request, response) => void response.send("hello"));
  app.get("/block", (_request, response) => void response.send(block()));
  app.get("/parts", (_request, response) => {
    Readable.from(inParts()).pipe(response);
  });
  app.post("/echo", ({ body }, response) => void response.send(body));
  app.get("/throws", fail);
  return await byNode(app);
}

async function byFastify(framework: typeof import("fastify").fastify) {
  const { Readable } = await import("node:stream");
  const app = framework();
  app.get("/users/:id", () => "hello");
  app.get("/block", () => block());
  app.get("/parts", (_request, reply) => reply.send(Readable.from(inParts())));
  app.post("/echo", ({ body }) => body);
  app.get("/throws", fail);
  await app.listen({ host: HOST, port: 0 });
  return (app.server.address() as AddressInfo).port;
}

async function byKoa(): Promise<number> {
  const { Readable } = await import("node:stream");
  const { default: Koa } = await import("koa");
  const app = new Koa();
  app.silent = true;
  app.use(async (ctx) => {
    if (ctx.path === "/throws") fail();
    else if (ctx.path === "/block") ctx.body = block();
    else if (ctx.path === "/parts") ctx.body = Readable.from(inParts());
    else if (ctx.path === "/echo") ctx.body = await text(ctx.req);
    else if (ctx.path.startsWith("/users/")) ctx.body = "hello";
  });
  return await byNode(app.callback());
}

async function text(body: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const chunk of body) text += chunk;
  return text;
}

/** An application of Hono, by the runtime's own server. */
async function byHono(): Promise<number> {
  const { Hono } = await import("hono");
  const { stream } = await import("hono/streaming");
  const app = new Hono();
  app.get("/users/:id", (c) => c.text("hello"));
  app.get("/block", (c) => c.text(block()));
  app.get("/parts", (c) =>
    stream(c, async (stream) => {
      for await (const part of inParts()) await stream.write(part);
    }));
  app.post("/echo", async (c) => c.text(await c.req.text()));
  app.get("/throws", fail);
  app.onError((_error, c) => c.text("failed", 500));
  return await byRuntime(app.fetch as (request: Request) => Response);
}

type Fetch = (request: Request) => Response | Promise<Response>;

// deno-lint-ignore no-explicit-any
const { Bun, Deno } = globalThis as any;

async function byRuntime(fetch: Fetch): Promise<number> {
  if (Bun) return Bun.serve({ hostname: HOST, port: 0, fetch }).port;
  if (Deno) {
    const options = { hostname: HOST, port: 0, onListen() {} };
    return Deno.serve(options, fetch).addr.port;
  }
  const { createAdaptorServer } = await import("@hono/node-server");
  return await listen(createAdaptorServer({ fetch }) as Server);
}

/** Handlers for the runtime's own server, without a framework. */
async function byFetch(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/throws") return new Response("failed", { status: 500 });
  if (pathname === "/block") return new Response(block());
  if (pathname === "/echo") return new Response(await request.text());
  if (pathname === "/parts") {
    const body = ReadableStream.from(inParts()) as ReadableStream<string>;
    return new Response(body.pipeThrough(new TextEncoderStream()));
  }
  const isFound = pathname.startsWith("/users/");
  return new Response(isFound ? "hello" : "no", {
    status: isFound ? 200 : 404,
  });
}

const answer: RequestListener = async (request, response) => {
  const { url = "" } = request;
  if (url === "/echo") return void response.end(await text(request));
  if (url === "/parts") {
    for await (const part of inParts()) response.write(part);
    return void response.end();
  }
  response.writeHead(url === "/throws" ? 500 : 200)
    .end(url === "/block" ? block() : "hello");
};

/** The applications, by their names; each yields its port. */
const APPLICATIONS: Readonly<Record<string, () => Promise<number>>> = {
  "express": async () => byExpress((await import("express")).default),
  "express 4": async () =>
    byExpress((await import("express4")).default as never),
  /** One that measures itself. */
  "measured": async () => {
    const { middleware } = await import("../../src/node/mod.ts");
    const first = middleware({ prefix: "own_" });
    return await byExpress((await import("express")).default, first);
  },
  /** One that has metrics of the usual names, and makes one of them late. */
  "named": async () => {
    const { Counter, Histogram } = await import("prom-client");
    const requests = new Counter({
      name: "http_requests_total",
      help: "By hand",
      labelNames: ["code"],
    });
    setTimeout(() => {
      new Histogram({ name: "http_request_duration_seconds", help: "By hand" });
      console.log("made");
    }, 2500);
    return await byNode((_request, response) => {
      requests.inc({ code: "200" });
      response.end("hello");
    });
  },
  "fastify": async () => byFastify((await import("fastify")).default),
  "fastify 4": async () =>
    byFastify((await import("fastify4")).default as never),
  "koa": byKoa,
  "hono": byHono,
  "fetch": () => byRuntime(byFetch),
  "http": () => byNode(answer),
  "http2": async () => {
    const { createServer } = await import("node:http2");
    return await listen(createServer(answer as never) as never);
  },
};

if (kind === "cluster" && cluster.isPrimary) {
  for (let n = 0; n < 2; n++) cluster.fork();
} else if (kind === "cluster") {
  await byNode(answer);
} else if (kind === "child") {
  const flags = process.execArgv;
  const run = Deno ? ["run", "-A", ...flags] : flags;
  spawn(process.execPath, [...run, file, "http", "ends"], {
    stdio: ["pipe", "inherit", "inherit"],
  });
} else if (kind === "worker") {
  new Worker(new URL(import.meta.url));
} else if (kind === "brief") {
  setTimeout(() => console.log("done"), Number(end));
} else if (kind === "late") {
  setTimeout(async () => {
    const { createServer } = await import("node:http");
    const server = createServer(answer);
    server.listen(Number(end), HOST, () => console.log("listens"));
  }, 3000);
} else if (kind !== "script") {
  console.log(await APPLICATIONS[kind]());
} else {
  process.exitCode = 3;
  console.log("done");
}

/**
 * An application that knows nothing of a preload. Prints the port of its server,
 * and ends when it is told to.
 *
 * Its argument is what it is made with: `express`, `fastify`, `http`, `http2`,
 * `measured` (Express that measures itself), `child` (a server in a child process), `cluster` (two workers),
 * `script` (no server; it ends by itself).
 */
import express from "express";
import fastify from "fastify";
import { spawn } from "node:child_process";
import cluster from "node:cluster";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { middleware } from "../../src/node/mod.ts";

const [, file, kind, end] = process.argv;

// A child ends with its parent, however that ends.
if (end === "ends") process.stdin.resume().on("end", () => process.exit());

function block(): string {
  const end = performance.now() + 3000;
  while (performance.now() < end);
  return "done";
}

function byExpress(isMeasured: boolean): Server {
  const app = express();
  app.set("env", "test");
  if (isMeasured) app.use(middleware({ prefix: "own_" }));
  app.get("/users/:id", (_request, response) => void response.send("hello"));
  app.get("/block", (_request, response) => void response.send(block()));
  app.get("/throws", () => {
    throw new Error("on purpose");
  });
  return createServer(app);
}

async function byFastify(): Promise<Server> {
  const app = fastify();
  app.get("/users/:id", () => "hello");
  app.get("/block", () => block());
  app.get("/throws", () => {
    throw new Error("on purpose");
  });
  await app.ready();
  return app.server;
}

function answer(
  { url }: { url?: string },
  response: { writeHead(status: number): { end(text?: string): unknown } },
): void {
  response.writeHead(url === "/throws" ? 500 : 200)
    .end(url === "/block" ? block() : "hello");
}

const servers: Readonly<Record<string, () => unknown>> = {
  express: () => byExpress(false),
  measured: () => byExpress(true),
  fastify: byFastify,
  http: () => createServer(answer),
  http2: () => createHttp2Server(answer as never),
};

if (kind === "cluster" && cluster.isPrimary) {
  for (let n = 0; n < 2; n++) cluster.fork();
} else if (kind === "cluster") {
  createServer(answer).listen(0, "127.0.0.1");
} else if (kind === "child") {
  const flags = process.execArgv;
  const run = "Deno" in globalThis ? ["run", "-A", ...flags] : flags;
  spawn(process.execPath, [...run, file, "http", "ends"], {
    stdio: ["pipe", "inherit", "inherit"],
  });
} else if (kind !== "script") {
  const server = await servers[kind]() as Server;
  await once(server.listen(0, "127.0.0.1"), "listening");
  console.log((server.address() as AddressInfo).port);
} else {
  process.exitCode = 3;
  console.log("done");
}

/** Fetch handlers on servers, with all ways to learn when a response has ended. */
import { serve } from "@hono/node-server";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { runtimeName } from "../../src/runtime/detect.ts";
import { test } from "../_suite.ts";

/** A fetch handler with the arguments of its server. */
export type Handler = (
  request: Request,
  context?: unknown,
) => Response | undefined | Promise<Response | undefined>;

/** A server that runs. */
export interface Serving {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a server on a free port of loopback. */
export type Serve = (handler: Handler) => Promise<Serving>;

const hostname = "127.0.0.1";

interface BunServer {
  readonly port: number;
  stop(closeActiveConnections: boolean): Promise<void>;
}

interface BunGlobal {
  serve(options: {
    hostname: string;
    port: number;
    fetch: Handler;
    websocket: { message(): void };
    error(): Response;
  }): BunServer;
}

/** By the server of the runtime itself. */
export const serveNatively: Serve = {
  deno: serveByDeno,
  bun: serveByBun,
  node: serveByNode,
}[runtimeName()];

/**
 * The servers that the suite runs on. Node has one, which the tests then run on
 * twice.
 */
const SERVERS: Readonly<Record<string, Serve>> = {
  "the runtime's own server": serveNatively,
  "@hono/node-server": serveByNode,
  "a server that tells nothing": (handler) =>
    serveNatively((request) => handler(request)),
};

type Contract = (serve: Serve) => Promise<void>;

/** Declares a test that must pass on every server. */
export function contract(name: string, fn: Contract): void {
  for (const [server, serve] of Object.entries(SERVERS)) {
    test(`${name}, on ${server}`, () => fn(serve));
  }
}

/** Runs `fn` while a handler is served. */
export async function serving(
  serve: Serve,
  handler: Handler,
  fn: (serving: Serving) => Promise<void>,
): Promise<void> {
  const started = await serve(handler);
  try {
    await fn(started);
  } finally {
    await started.close();
  }
}

function serveByDeno(handler: Handler): Promise<Serving> {
  const controller = new AbortController();
  const server = Deno.serve({
    hostname,
    port: 0,
    signal: controller.signal,
    onListen() {},
    onError: () => new Response("failed", { status: 500 }),
  }, handler as (request: Request) => Response);
  return Promise.resolve(servingOn(server.addr.port, async () => {
    controller.abort();
    await server.finished;
  }));
}

function serveByBun(handler: Handler): Promise<Serving> {
  const { Bun } = globalThis as unknown as { Bun: BunGlobal };
  const server = Bun.serve({
    hostname,
    port: 0,
    fetch: handler,
    websocket: { message() {} },
    error: () => new Response("failed", { status: 500 }),
  });
  return Promise.resolve(servingOn(server.port, () => server.stop(true)));
}

async function serveByNode(handler: Handler): Promise<Serving> {
  const server = serve({
    fetch: handler as (request: Request) => Response,
    hostname,
    port: 0,
    overrideGlobalObjects: false,
  }) as Server;
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return servingOn(port, async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
}

function servingOn(port: number, close: () => Promise<void>): Serving {
  return { port, url: `http://${hostname}:${port}`, close };
}

import { serve, upgradeWebSocket } from "@hono/node-server";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Hono } from "hono";
import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import * as client from "prom-client";
import { WebSocketServer } from "ws";
import { prometheus } from "../../src/hono/mod.ts";
import { instrumentHandler } from "../../src/http/mod.ts";
import { runtimeName } from "../../src/runtime/detect.ts";
import { test } from "../_suite.ts";
import { assertSoon } from "../_wait.ts";
import { progressOf, samplesOf } from "./_scrape.ts";
import { type Handler, serveNatively, serving } from "./_serving.ts";

interface UpgradingServer {
  upgrade(request: Request): boolean;
}

/** Makes a WebSocket with the runtime's own server, if that can. */
const upgrade: Handler = (request, context) => {
  if (runtimeName() === "deno") {
    const { response, socket } = Deno.upgradeWebSocket(request);
    // A WebSocket that the server's end cuts off has an error as well.
    socket.onerror = () => {};
    return response;
  }
  assert((context as UpgradingServer).upgrade(request));
  return undefined;
};

/** Opens a WebSocket, runs `fn`, and closes it. */
async function withSocket(
  port: number,
  fn: () => Promise<void>,
): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live`);
  await once(socket, "open");
  try {
    await fn();
  } finally {
    socket.close();
    await once(socket, "close");
  }
}

const ONE = { requests: 1, durations: 1, inprogress: 0 };

const SKIP_NODE = runtimeName() === "node"
  ? "a handler on Node cannot make a WebSocket by itself"
  : undefined;

test(
  "instrumentHandler() counts a WebSocket with 101 when it has opened",
  { skip: SKIP_NODE },
  async () => {
    const registry = new client.Registry();
    const errors: unknown[] = [];
    const handler = instrumentHandler(upgrade, {
      registry,
      route: ({ request }) =>
        request.headers.has("upgrade") ? "/live" : undefined,
      sizes: true,
      exemplar: "traceparent",
      labels: {
        host: ({ request }) => request.headers.get("host")?.split(":")[0],
      },
      onError: (error) => void errors.push(error),
    });
    await serving(serveNatively, handler, async ({ port }) => {
      await withSocket(port, async () => {
        await assertSoon(ONE, () => progressOf(registry));
        assertEquals(await samplesOf(registry, "http_requests_total"), [
          '{method="GET",route="/live",status="101",host="127.0.0.1"} 1',
        ]);
        assertEquals(errors, []);
      });
    });
  },
);

test(
  "an answer to who asks for a WebSocket in vain has its own status",
  { skip: SKIP_NODE },
  async () => {
    const registry = new client.Registry();
    const handler = instrumentHandler(
      (request, context) =>
        request.url.endsWith("/live")
          ? upgrade(request, context)
          : new Response("no socket"),
      { registry },
    );
    await serving(serveNatively, handler, async ({ port }) => {
      await withSocket(port, async () => {
        const socket = connect(port, "127.0.0.1");
        await once(socket, "connect");
        socket.end(
          "GET /page HTTP/1.1\r\nHost: localhost\r\n" +
            "Connection: Upgrade\r\nUpgrade: websocket\r\n" +
            "Sec-WebSocket-Version: 13\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        assertMatch(await text(socket), /^HTTP\/1\.1 200 [^]*no socket/);
        await assertSoon(
          [
            '{method="GET",route="_OTHER",status="101"} 1',
            '{method="GET",route="_OTHER",status="200"} 1',
          ],
          () => samplesOf(registry, "http_requests_total"),
        );
      });
    });
  },
);

test("a handler that returns nothing to a request for a WebSocket counts as 101", async () => {
  const registry = new client.Registry();
  // As on Bun, if the server was not handed on.
  const handler = instrumentHandler((_: Request) => undefined, { registry });
  handler(
    new Request("http://localhost/", { headers: { upgrade: "websocket" } }),
  );
  handler(new Request("http://localhost/"));
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="101"} 1',
    '{method="GET",route="_OTHER",status="500"} 1',
  ]);
});

test("prometheus() counts a WebSocket of @hono/node-server with 101", async () => {
  const registry = new client.Registry();
  const app = new Hono();
  app.use(prometheus({ registry }));
  app.get("/live", upgradeWebSocket(() => ({})));
  const server = serve({
    fetch: app.fetch,
    websocket: { server: new WebSocketServer({ noServer: true }) },
    hostname: "127.0.0.1",
    port: 0,
    overrideGlobalObjects: false,
  }) as Server;
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    await withSocket(port, async () => {
      await assertSoon(ONE, () => progressOf(registry));
      assertEquals(await samplesOf(registry, "http_requests_total"), [
        '{method="GET",route="/live",status="101"} 1',
      ]);
    });
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
});

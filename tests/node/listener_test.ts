import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import Koa from "koa";
import express from "express";
import fastify5 from "fastify";
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  ServerResponse,
} from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { Registry } from "prom-client";
import { runtimeName } from "../../src/runtime/detect.ts";
import {
  fastify,
  instrumentListener,
  koa,
  middleware,
} from "../../src/node/mod.ts";
import { ended, samplesOf, totalOf } from "../http/_scrape.ts";
import { test } from "../_suite.ts";
import { serving } from "./_listening.ts";

async function ask(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

/** Asks by HTTP/2 in clear. */
async function askHttp2(url: string): Promise<string> {
  const session = connect(url);
  try {
    const stream = session.request({ ":path": "/" });
    stream.setEncoding("utf8");
    let text = "";
    for await (const chunk of stream) text += chunk;
    return text;
  } finally {
    session.close();
  }
}

test("instrumentListener() leaves the listener's outcome alone", async () => {
  const registry = new Registry();
  const error = new Error("on purpose");
  const request = { method: "GET", headers: {} };
  const response = { statusCode: 200, headersSent: false };
  const self = {};
  const wrapped = instrumentListener(
    function named(this: unknown, _request: unknown, _response: unknown) {
      return this === self ? "returned" : Promise.reject(error);
    },
    { registry },
  );
  assertEquals([wrapped.name, wrapped.length], ["named", 2]);
  assertEquals(wrapped.call(self, request, response), "returned");
  const reason = await Promise.resolve(wrapped.call({}, request, response))
    .catch((reason) => reason);
  assertEquals(reason === error, true);
});

for (const h2 of [false, true]) {
  const name = h2 ? "node:http2" : "node:http";
  test(`instrumentListener() times the first byte before the last, of ${name}`, async () => {
    const registry = new Registry();
    const listener = instrumentListener(
      async (_request: unknown, response: ServerResponse) => {
        response.write("first");
        await sleep(200);
        response.end("last");
      },
      { registry, firstByte: true },
    );
    const server = h2
      // Both classes of responses have what is used.
      ? createHttp2Server(listener as never) as unknown as Server
      : createServer(listener);
    await serving(server, async (port) => {
      const url = `http://127.0.0.1:${port}`;
      assertEquals(await (h2 ? askHttp2(url) : ask(url)), "firstlast");
      await ended(registry, 1);
    });
    const last = await totalOf(registry, "http_request_duration_seconds_sum");
    const times = "http_response_first_byte_seconds";
    assertEquals(await totalOf(registry, `${times}_count`), 1);
    assert(last - await totalOf(registry, `${times}_sum`) > 0.15);
  });
}

test("a client that goes before the answer has no first byte", async () => {
  const registry = new Registry();
  const gate = Promise.withResolvers<void>();
  const listener = instrumentListener(
    (request: IncomingMessage, _response: ServerResponse) => {
      gate.resolve();
      request.resume();
    },
    { registry, firstByte: true },
  );
  await serving(createServer(listener), async (port) => {
    const asked = httpRequest({ port, host: "127.0.0.1" });
    asked.on("error", () => {});
    asked.end();
    await gate.promise;
    asked.destroy();
    await ended(registry, 1);
  });
  const times = "http_response_first_byte_seconds_count";
  assertEquals(await totalOf(registry, times), 0);
});

test("instrumentListener() counts a listener's failure with 500", async () => {
  const registry = new Registry();
  const listener = instrumentListener(
    (_request: IncomingMessage, _response: ServerResponse) =>
      Promise.reject(new Error("on purpose")),
    { registry, route: "/" },
  );
  const server = createServer((request, response) => {
    listener(request, response).catch(() => response.destroy());
  });
  await serving(server, async (port) => {
    const request = httpRequest({ host: "127.0.0.1", port });
    await assertRejects(() => once(request.end(), "response"), Error);
    await ended(registry, 1);
  });
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="/",status="500"} 1',
  ]);
});

test("instrumentListener() refuses what is no listener, and no route", () => {
  assertThrows(
    () => instrumentListener({} as never),
    TypeError,
    "Cannot measure requests: a listener is required, received an object",
  );
  assertThrows(
    () => instrumentListener(() => {}, { route: 1 as never }),
    TypeError,
    "route must be a string or a function",
  );
  assertThrows(() => koa({ maxSeries: 0 }), RangeError, "maxSeries");
  assertThrows(() => fastify({ maxSeries: 0 }), RangeError, "maxSeries");
  assertThrows(() => middleware({ maxSeries: 0 }), RangeError, "maxSeries");
});

test("instrumentListener() observes the sizes of bodies", async () => {
  const registry = new Registry();
  const listener = instrumentListener(
    (request: IncomingMessage, response: ServerResponse) => {
      request.resume();
      response.write("12");
      response.end(new Uint8Array(3));
    },
    { registry, sizes: true, route: "/" },
  );
  await serving(createServer(listener), async (port) => {
    const url = `http://127.0.0.1:${port}`;
    const body = "1234567";
    await (await fetch(url, { method: "POST", body })).text();
    await (await fetch(url, { method: "HEAD" })).text();
    await ended(registry, 2);
  });
  assertEquals(await samplesOf(registry, "http_request_size_bytes_sum"), [
    '{method="HEAD",route="/",status="200"} 0',
    '{method="POST",route="/",status="200"} 7',
  ]);
  assertEquals(await samplesOf(registry, "http_response_size_bytes_sum"), [
    '{method="HEAD",route="/",status="200"} 0',
    '{method="POST",route="/",status="200"} 5',
  ]);
});

test("a connection that the server hands over is not the listener's", async () => {
  const registry = new Registry();
  const listener = instrumentListener(
    (_request: IncomingMessage, response: ServerResponse) => response.end("x"),
    { registry, route: "/" },
  );
  const server = createServer(listener);
  server.on("upgrade", (_request, socket) => {
    socket.end(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    );
  });
  await serving(server, async (port) => {
    await upgrade(port);
    await (await fetch(`http://127.0.0.1:${port}`)).text();
    await ended(registry, 1);
  });
});

test("an application that is handed an upgrade counts it with 101", {
  skip: runtimeName() === "node"
    ? undefined
    : "only Node's responses can be made for an upgrade",
}, async () => {
  const registry = new Registry();
  const app = express();
  app.use(middleware({ registry }));
  app.get("/socket/:id", (request) => {
    request.socket.end(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    );
  });
  app.get("/refused", (_request, response) => void response.status(401).end());
  const server = createServer(app);
  // As `express-ws` and `@fastify/websocket` do.
  server.on("upgrade", (request, socket) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket as never);
    response.on("finish", () => socket.destroy());
    app(request as express.Request, response as express.Response);
  });
  await serving(server, async (port) => {
    await upgrade(port, "/socket/7");
    await upgrade(port, "/refused");
    await ended(registry, 2);
  });
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="/refused",status="401"} 1',
    '{method="GET",route="/socket/:id",status="101"} 1',
  ]);
});

/** Asks for an upgrade, and waits for the answer. */
async function upgrade(port: number, path = "/"): Promise<void> {
  const request = httpRequest({
    host: "127.0.0.1",
    port,
    path,
    headers: { connection: "Upgrade", upgrade: "x" },
  });
  const answered = Promise.withResolvers<void>();
  request.on("upgrade", (_response, socket) => socket.destroy());
  for (const event of ["upgrade", "response", "error", "close"]) {
    request.on(event, () => answered.resolve());
  }
  request.end();
  await answered.promise;
  request.destroy();
}

test("fastify() measures all that is below the instance that it is registered on", async () => {
  const registry = new Registry();
  const app = fastify5();
  app.get("/outside", () => "x");
  app.register((instance, _options, done) => {
    instance.register(fastify({
      registry,
      labels: {
        tenant: ({ request }) => String(request.raw.headers["x-tenant"]),
      },
    }));
    instance.get("/:id", () => "x");
    instance.register((below, _, ready) => {
      below.get("/below/:n", () => "x");
      ready();
    });
    done();
  }, { prefix: "/inside" });
  for (const url of ["/outside", "/inside/1", "/inside/below/2", "/inside"]) {
    await app.inject({ url, headers: { "x-tenant": "a" } });
  }
  await ended(registry, 2);
  await app.close();
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="/inside/:id",status="200",tenant="a"} 1',
    '{method="GET",route="/inside/below/:n",status="200",tenant="a"} 1',
  ]);
});

test("koa() counts without a router as no route, and takes labels of the context", async () => {
  const registry = new Registry();
  const app = new Koa();
  app.use(koa({
    registry,
    labels: { path: (ctx: Koa.Context) => ctx.path.length },
  }));
  app.use((ctx) => {
    ctx.body = "x";
  });
  await serving(createServer(app.callback()), async (port) => {
    await (await fetch(`http://127.0.0.1:${port}/abc`)).text();
    await ended(registry, 1);
  });
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="200",path="4"} 1',
  ]);
});

test("middleware() leaves out the whole paths that are to be excluded", async () => {
  const registry = new Registry();
  const app = express();
  const router = express.Router();
  router.use(middleware({ registry, exclude: ["/in/healthz"] }));
  router.use((_request, response) => void response.send("x"));
  app.use("/in", router);
  await serving(createServer(app), async (port) => {
    for (const path of ["/in/healthz", "/in/healthz?a", "/in/other"]) {
      await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    }
    await ended(registry, 1);
  });
});

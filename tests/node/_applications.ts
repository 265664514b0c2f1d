/** Applications with the same routes, each in the manner of its framework. */
import { createAdaptorServer } from "@hono/node-server";
import Router from "@koa/router";
import express from "express";
import express4 from "express4";
import fastify5 from "fastify";
import fastify4 from "fastify4";
import { Hono } from "hono";
import Koa from "koa";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import {
  createSecureServer,
  createServer as createHttp2Server,
} from "node:http2";
import { pipeline, Readable } from "node:stream";
import type { Registry } from "prom-client";
import { metrics, prometheus } from "../../src/hono/mod.ts";
import { instrumentHandler, metricsHandler } from "../../mod.ts";
import {
  fastify,
  instrumentListener,
  koa,
  metricsListener,
  middleware,
} from "../../src/node/mod.ts";
import type { Certificate } from "../_certificates.ts";
import { listen, type Running } from "./_listening.ts";
import { MOUNT, type Params, type Reply, type Stage } from "./_replies.ts";

/** An application to measure, and how it differs from the others. */
export interface Application {
  readonly name: string;
  /** Starts it on a free port of loopback. */
  start(stage: Stage, registry: Registry, tls: Certificate): Promise<Running>;
  /** How `POST /users/7` is counted, which only takes `GET`. */
  readonly notAllowed: "404" | "405";
  /** How a request is counted whose client has gone before the answer. */
  readonly gone: "499" | "200";
  readonly protocol?: "h2" | "h2c";
  /** The reason that it does not run here. */
  readonly skip?: string;
}

/** Sends a reply by Node's own response. */
function send(
  response: ServerResponse,
  { status, headers, body }: Reply,
): void {
  response.writeHead(status, headers);
  if (body instanceof Readable) pipeline(body, response, () => {});
  else response.end(body ?? undefined);
}

const byExpress = (
  framework: typeof express | typeof express4,
): Application["start"] =>
(stage, registry) => {
  const app = (framework as typeof express)();
  app.set("env", "test");
  const answer = (make: (params: Params) => Reply | Promise<Reply>) =>
    ((request, response, next) => {
      void Promise.resolve(request.params as Params).then(make).then(
        (reply) => {
          const { status, headers, body } = reply;
          response.status(status).set(headers);
          if (body instanceof Readable) pipeline(body, response, () => {});
          else response.send(body ?? undefined);
        },
      ).catch(next);
    }) as express.RequestHandler;
  app.use(middleware({ registry, exemplar: "traceparent" }));
  app.get("/metrics", metricsListener({ registry }));
  for (const [path, make] of Object.entries(stage.routes)) {
    app.get(path, answer(make));
  }
  const router = framework.Router();
  for (const [path, make] of Object.entries(stage.nested)) {
    router.get(path, answer(make));
  }
  app.use(MOUNT, router);
  return listen(createServer(app));
};

const byFastify = (
  framework: typeof fastify5 | typeof fastify4,
  makeOptions: (tls: Certificate) => object = () => ({}),
): Application["start"] =>
async (stage, registry, tls) => {
  const app = (framework as typeof fastify5)({
    ...makeOptions(tls),
    forceCloseConnections: true,
  });
  const answer =
    (make: (params: Params) => Reply | Promise<Reply>) =>
    async (request: { params: unknown }, reply: Replying) => {
      const { status, headers, body } = await make(request.params as Params);
      return reply.code(status).headers(headers).send(body ?? undefined);
    };
  app.register(fastify({ registry, exemplar: "traceparent" }));
  app.get("/metrics", metricsListener({ registry }));
  for (const [path, make] of Object.entries(stage.routes)) {
    app.get(path, answer(make));
  }
  app.register((instance, _options, done) => {
    for (const [path, make] of Object.entries(stage.nested)) {
      instance.get(path, answer(make));
    }
    done();
  }, { prefix: MOUNT });
  await app.listen({ host: "127.0.0.1", port: 0 });
  return { server: app.server, close: () => app.close() };
};

interface Replying {
  code(status: number): Replying;
  headers(headers: object): Replying;
  send(body: unknown): unknown;
}

const byKoa: Application["start"] = (stage, registry) => {
  const app = new Koa();
  app.silent = true;
  app.use(koa({ registry, exemplar: "traceparent" }));
  const answer = (make: (params: Params) => Reply | Promise<Reply>) =>
  async (
    ctx: Koa.Context,
  ) => {
    const { status, headers, body } = await make(ctx.params as Params);
    ctx.status = status;
    ctx.set(headers);
    ctx.body = body;
  };
  const router = new Router();
  router.get("/metrics", metricsListener({ registry }));
  for (const [path, make] of Object.entries(stage.routes)) {
    router.get(path, answer(make));
  }
  const nested = new Router();
  for (const [path, make] of Object.entries(stage.nested)) {
    nested.get(path, answer(make));
  }
  router.use(MOUNT, nested.routes());
  app.use(router.routes());
  app.use(router.allowedMethods());
  return listen(createServer(app.callback()));
};

/** Finds the route of a path, as a small router of one's own may. */
function match(
  stage: Stage,
  url: string,
): { route: string; make: () => Reply | Promise<Reply> } | undefined {
  const all = {
    ...stage.routes,
    ...Object.fromEntries(
      Object.entries(stage.nested).map(([path, make]) => [MOUNT + path, make]),
    ),
  };
  for (const [route, make] of Object.entries(all)) {
    const pattern = route.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)");
    const found = new RegExp(`^${pattern}$`).exec(url);
    if (found) return { route, make: () => make(found.groups ?? {}) };
  }
}

function nodeListener(stage: Stage, registry: Registry): RequestListener {
  const metrics = metricsListener({ registry });
  const routes = new WeakMap<IncomingMessage, string>();
  return instrumentListener(async (
    request: IncomingMessage,
    response: ServerResponse,
  ) => {
    const { url = "", method = "" } = request;
    if (url.startsWith("/metrics")) {
      routes.set(request, "/metrics");
      return await metrics(request, response);
    }
    const found = match(stage, url.split("?")[0]);
    if (found === undefined) return void response.writeHead(404).end();
    if (!["GET", "HEAD"].includes(method)) {
      return void response.writeHead(405).end();
    }
    routes.set(request, found.route);
    try {
      send(response, await found.make());
    } catch {
      response.writeHead(500).end();
    }
  }, {
    registry,
    exemplar: "traceparent",
    route: ({ request }) => routes.get(request),
  });
}

const byHono: Application["start"] = (stage, registry) => {
  const app = new Hono();
  app.onError((_, c) => c.text("failed", 500));
  app.get("/metrics", metrics({ registry }));
  app.use(prometheus({ registry, exemplar: "traceparent" }));
  for (const [path, make] of Object.entries(stage.routes)) {
    app.get(path, async (c) => respond(await make(c.req.param() as Params)));
  }
  const nested = new Hono();
  for (const [path, make] of Object.entries(stage.nested)) {
    nested.get(path, async (c) => respond(await make(c.req.param() as Params)));
  }
  app.route(MOUNT, nested);
  return serveFetch(app.fetch);
};

const byHandler: Application["start"] = (stage, registry) => {
  const serveMetrics = metricsHandler({ registry });
  const handler = instrumentHandler(async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/metrics") return await serveMetrics(request);
    const found = match(stage, pathname);
    if (found === undefined) return new Response(null, { status: 404 });
    if (!["GET", "HEAD"].includes(request.method)) {
      return new Response(null, { status: 405 });
    }
    return respond(await found.make());
  }, {
    registry,
    exemplar: "traceparent",
    route: ({ request, response }) => {
      if (response && [404, 405].includes(response.status)) return undefined;
      const { pathname } = new URL(request.url);
      return match(stage, pathname)?.route ?? pathname;
    },
  });
  return serveFetch(handler);
};

function respond({ status, headers, body }: Reply): Response {
  const content = body instanceof Readable
    ? Readable.toWeb(body) as ReadableStream
    : body;
  return new Response(content, { status, headers });
}

function serveFetch(
  handler: (request: Request, env: object) => Response | Promise<Response>,
): Promise<Running> {
  return listen(
    createAdaptorServer({
      fetch: handler as (request: Request) => Response,
      hostname: "127.0.0.1",
      overrideGlobalObjects: false,
    }) as Server,
  );
}

/** All applications. */
export const APPLICATIONS: readonly Application[] = [
  {
    name: "node:http",
    start: (stage, registry) =>
      listen(createServer(nodeListener(stage, registry))),
    notAllowed: "405",
    gone: "499",
  },
  {
    name: "node:http2 in clear",
    start: (stage, registry) =>
      listen(createHttp2Server(nodeListener(stage, registry) as never)),
    notAllowed: "405",
    gone: "499",
    protocol: "h2c",
  },
  {
    name: "node:http2 with TLS",
    start: (stage, registry, { key, cert }) =>
      listen(
        createSecureServer(
          { key, cert },
          nodeListener(stage, registry) as never,
        ),
      ),
    notAllowed: "405",
    gone: "499",
    protocol: "h2",
  },
  {
    name: "Express 4",
    start: byExpress(express4),
    notAllowed: "404",
    gone: "499",
  },
  {
    name: "Express 5",
    start: byExpress(express),
    notAllowed: "404",
    gone: "499",
  },
  {
    name: "Fastify 4",
    start: byFastify(fastify4),
    notAllowed: "404",
    gone: "499",
  },
  {
    name: "Fastify 5",
    start: byFastify(fastify5),
    notAllowed: "404",
    gone: "499",
  },
  {
    name: "Fastify 5 on HTTP/2 with TLS",
    start: byFastify(fastify5, ({ key, cert }) => ({
      http2: true,
      https: { key, cert },
    })),
    notAllowed: "404",
    gone: "499",
    protocol: "h2",
  },
  { name: "Koa", start: byKoa, notAllowed: "405", gone: "499" },
  { name: "Hono", start: byHono, notAllowed: "404", gone: "200" },
  {
    name: "instrumentHandler()",
    start: byHandler,
    notAllowed: "405",
    gone: "200",
  },
];

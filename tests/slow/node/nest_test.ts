import type { Server } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pipeline, Readable } from "node:stream";
import { fastify, metricsListener, middleware } from "../../../src/node/mod.ts";
import { runtimeName } from "../../../src/runtime/detect.ts";
import type { Application } from "../../node/_applications.ts";
import { contracts } from "../../node/_contracts.ts";
import { npmProject } from "../_npm_project.ts";
import { MOUNT, type Params, type Reply } from "../../node/_replies.ts";

/** The versions of NestJS, and of its platforms. */
const VERSIONS = { 11: "11.2.10", 12: "12.5.1" };
const FASTIFY = { 11: "11.2.8", 12: "12.2.0" };

type Version = keyof typeof VERSIONS;

/** Installs NestJS, and yields what loads its packages. */
async function nest(version: Version): Promise<(name: string) => Nest> {
  const dependencies = {
    "@nestjs/common": VERSIONS[version],
    "@nestjs/core": VERSIONS[version],
    "@nestjs/platform-express": VERSIONS[version],
    "@nestjs/platform-fastify": FASTIFY[version],
    "reflect-metadata": "0.2.2",
    "rxjs": "7.8.2",
  };
  const folder = await npmProject({ dependencies });
  return createRequire(join(folder, "package.json")) as (name: string) => Nest;
}

// deno-lint-ignore no-explicit-any
type Nest = any;

type Make = (params: Params) => Reply | Promise<Reply>;

/** Makes a controller, without the syntax of decorators. */
function controllerOf(
  { Controller, Get, Param, Req, Res }: Nest,
  prefix: string,
  routes: Readonly<Record<string, Make>>,
  metrics: ReturnType<typeof metricsListener>,
  send: (response: Nest, reply: Reply) => unknown,
): unknown {
  class Routes {}
  const add = (path: string, handler: (...args: Nest[]) => unknown) => {
    const descriptor = { value: handler, configurable: true, writable: true };
    Object.defineProperty(Routes.prototype, path, descriptor);
    Param()(Routes.prototype, path, 0);
    Req()(Routes.prototype, path, 1);
    Res()(Routes.prototype, path, 2);
    Get(path)(Routes.prototype, path, descriptor);
  };
  for (const [path, make] of Object.entries(routes)) {
    add(path, async (params, _request, response) => {
      await send(response, await make(params));
    });
  }
  if (prefix === "") {
    add("/metrics", (_params, request, response) => metrics(request, response));
  }
  Controller(prefix)(Routes);
  return Routes;
}

function application(
  version: Version,
  platform: "Express" | "Fastify",
): Application {
  return {
    name: `NestJS ${version} on ${platform}`,
    notAllowed: "404",
    gone: "499",
    skip: runtimeName() === "deno"
      ? "Deno loads packages of npm from the project's own folder only"
      : undefined,
    async start(stage, registry) {
      const load = await nest(version);
      const common = load("@nestjs/common");
      const { NestFactory } = load("@nestjs/core");
      const isFastify = platform === "Fastify";
      const send = isFastify
        ? (reply: Nest, { status, headers, body }: Reply) =>
          reply.code(status).headers(headers).send(body ?? undefined)
        : (response: Nest, { status, headers, body }: Reply) => {
          response.status(status).set(headers);
          if (body instanceof Readable) pipeline(body, response, () => {});
          else response.send(body ?? undefined);
        };
      class Root {}
      const metrics = metricsListener({ registry });
      common.Module({
        controllers: [
          controllerOf(common, "", stage.routes, metrics, send),
          controllerOf(common, MOUNT, stage.nested, metrics, send),
        ],
      })(Root);
      const { FastifyAdapter } = load("@nestjs/platform-fastify");
      const { ExpressAdapter } = load("@nestjs/platform-express");
      const app = await NestFactory.create(
        Root,
        isFastify ? new FastifyAdapter() : new ExpressAdapter(),
        { logger: false, abortOnError: false, forceCloseConnections: true },
      );
      const options = { registry, exemplar: "traceparent" as const };
      if (isFastify) await app.register(fastify(options));
      else app.use(middleware(options));
      await app.listen(0, "127.0.0.1");
      const server: Server = app.getHttpServer();
      return {
        server,
        async close() {
          server.closeAllConnections();
          await app.close();
        },
      };
    },
  };
}

contracts(
  ([11, 12] as const).flatMap((version) =>
    (["Express", "Fastify"] as const).map((platform) =>
      application(version, platform)
    )
  ),
);

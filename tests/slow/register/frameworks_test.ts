import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { freePorts } from "../../_ports.ts";
import {
  PLAIN_FLAGS,
  type Preloaded,
  samplesIn,
  withPreload,
} from "../../register/_preloaded.ts";
import { test } from "../../_suite.ts";
import { assertSoon, waitUntil } from "../../_wait.ts";
import { type NpmProject, npmProject } from "../_npm_project.ts";
import { record, requireBlocked } from "./_record.ts";

interface Framework {
  readonly project: NpmProject;
  /** The program in the project, and its arguments. */
  readonly start: (folder: string, port: string) => readonly string[];
  /** How the requests of `_record.ts` by `GET` are counted. */
  readonly expected: readonly string[];
}

const NEST = `
require("reflect-metadata");
const { Body, Controller, Get, HttpCode, Module, Param, Post, Res } =
  require("@nestjs/common");
const { NestFactory } = require("@nestjs/core");
const { Readable } = require("node:stream");

function block() {
  const end = performance.now() + 5000;
  while (performance.now() < end);
  return "done";
}

class Users {
  users() { return "hello"; }
  block() { return block(); }
  echo(body) { return body; }
  throws() { throw new Error("on purpose"); }
  parts(response) {
    const parts = Readable.from(["one, ", "two, ", "three"]);
    if (response.send.length > 0 && response.raw) response.send(parts);
    else parts.pipe(response);
  }
}
const routes = [
  ["users", Get("users/:id")],
  ["block", Get("block")],
  ["echo", Post("echo")],
  ["throws", Get("throws")],
  ["parts", Get("parts")],
];
Body()(Users.prototype, "echo", 0);
Res()(Users.prototype, "parts", 0);
HttpCode(200)(Users.prototype, "echo",
  Object.getOwnPropertyDescriptor(Users.prototype, "echo"));
for (const [name, decorate] of routes) {
  const descriptor = Object.getOwnPropertyDescriptor(Users.prototype, name);
  decorate(Users.prototype, name, descriptor);
}
Controller()(Users);
class Root {}
Module({ controllers: [Users] })(Root);

const [, , platform, port] = process.argv;
async function main() {
  const adapters = require("@nestjs/platform-" + platform);
  const Adapter = adapters.ExpressAdapter ?? adapters.FastifyAdapter;
  const app = await NestFactory.create(Root, new Adapter(), { logger: false });
  if (platform === "express") app.use(require("express").text());
  await app.listen(Number(port), "127.0.0.1");
}
main();
`;

const nest = (platform: "express" | "fastify"): Framework => ({
  project: {
    dependencies: {
      "@nestjs/common": "12.5.1",
      "@nestjs/core": "12.5.1",
      "@nestjs/platform-express": "12.5.1",
      "@nestjs/platform-fastify": "12.2.0",
      "reflect-metadata": "0.2.2",
      "rxjs": "7.8.2",
    },
    files: { "main.cjs": NEST },
  },
  start: (folder, port) => [join(folder, "main.cjs"), platform, port],
  expected: [
    '{method="GET",route="/parts",status="200"} 1',
    '{method="GET",route="/throws",status="500"} 1',
    '{method="GET",route="/users/:id",status="200"} 2',
    '{method="GET",route="_OTHER",status="404"} 1',
  ],
});

/** Handlers of routes for Next.js, by the paths of their files. */
const HANDLERS = {
  "users/[id]": 'export const GET = () => new Response("hello");',
  "echo": `export const POST = async (request) =>
    new Response(await request.text());`,
  "parts": `export const GET = () => new Response(
    ReadableStream.from(["one, ", "two, ", "three"])
      .pipeThrough(new TextEncoderStream()),
  );`,
  "throws": 'export const GET = () => { throw new Error("on purpose"); };',
  "block": `export const GET = () => {
    const end = performance.now() + 5000;
    while (performance.now() < end);
    return new Response("done");
  };`,
};

const NEXT: Framework = {
  project: {
    dependencies: { next: "16.4.6", react: "19.3.1", "react-dom": "19.3.1" },
    scripts: { build: "NEXT_TELEMETRY_DISABLED=1 next build" },
    files: {
      "app/layout.js": `export default ({ children }) =>
        <html><body>{children}</body></html>;`,
      "app/page.js": 'export default () => <p>"hello"</p>;',
      ...Object.fromEntries(
        Object.entries(HANDLERS).map(([path, source]) => [
          `app/${path}/route.js`,
          `export const dynamic = "force-dynamic";\n${source}`,
        ]),
      ),
    },
  },
  start: (folder, port) => [
    join(folder, "node_modules/next/dist/bin/next"),
    "start",
    folder,
    "--hostname=127.0.0.1",
    `--port=${port}`,
  ],
  expected: [
    '{method="GET",route="_OTHER",status="200"} 3',
    '{method="GET",route="_OTHER",status="404"} 1',
    '{method="GET",route="_OTHER",status="500"} 1',
  ],
};

const FRAMEWORKS: Readonly<Record<string, Framework>> = {
  "NestJS on Express": nest("express"),
  "NestJS on Fastify": nest("fastify"),
  "Next.js": NEXT,
};

/** Runs `fn` when a framework's application listens. */
async function withFramework(
  { project, start }: Framework,
  flags: readonly string[] | undefined,
  fn: (port: number, preloaded: Preloaded) => Promise<void>,
): Promise<void> {
  const folder = await npmProject(project);
  const [port] = await freePorts(1);
  const env = { NEXT_TELEMETRY_DISABLED: "1" };
  const given = start(folder, String(port));
  await withPreload(given, { ...flags && { flags }, env }, async (running) => {
    const url = `http://127.0.0.1:${port}/nowhere`;
    await waitUntil(60_000, "it listens", async () => {
      const response = await fetch(url).catch(() => undefined);
      await response?.text();
      return response !== undefined;
    });
    await fn(port, running);
  });
}

const skip = runtimeName() === "deno"
  ? "Deno loads packages of npm from the project's own folder only"
  : undefined;

for (const [name, framework] of Object.entries(FRAMEWORKS)) {
  const isNext = framework === NEXT;
  test(
    `an untouched application of ${name} answers as it does without the preload`,
    {
      skip: isNext && runtimeName() === "bun"
        ? "Next.js' own server is for Node"
        : skip,
    },
    async () => {
      let without: unknown;
      await withFramework(framework, PLAIN_FLAGS, async (port) => {
        without = await record(port);
      });
      await withFramework(framework, undefined, async (port, { scrape }) => {
        assertEquals(await record(port), without);
        if (runtimeName() === "node") {
          // One more has found out that it listens.
          const expected = framework.expected.map((line) =>
            line.replace(/(_OTHER",status="404"} )1/, "$12")
          );
          await assertSoon(
            expected,
            async () =>
              samplesIn(await scrape(), "http_requests_total")
                .filter((line) => line.startsWith('{method="GET"')),
          );
        } else await scrape();
        await requireBlocked(port, scrape);
      });
    },
  );
}

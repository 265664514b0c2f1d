import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { FLAGS, samplesIn, withPreload } from "../../register/_preloaded.ts";
import { ROOT } from "../../../tools/files.ts";
import { test } from "../../_suite.ts";
import { assertSoon, waitUntil } from "../../_wait.ts";
import { npmProject } from "../_npm_project.ts";

const skip = runtimeName() === "node" ? undefined : "Node's preloads";

const SERVER = `
const { createServer } = require("node:http");
const server = createServer((request, response) => {
  if (request.url === "/end") process.exit();
  response.end("hello");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

/** A preload that traces requests, and wants a port of its own. */
const OPEN_TELEMETRY = `
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { PrometheusExporter } = require("@opentelemetry/exporter-prometheus");
const { HttpInstrumentation } =
  require("@opentelemetry/instrumentation-http");
const port = Number(process.env.PROMETHEUS_ASYNC_PORT);
const metricReaders = [new PrometheusExporter({ host: "127.0.0.1", port })];
const instrumentations = [new HttpInstrumentation()];
new NodeSDK({ metricReaders, instrumentations }).start();
`;

async function ask(port: number): Promise<void> {
  assertEquals(
    await (await fetch(`http://127.0.0.1:${port}/`)).text(),
    "hello",
  );
}

test("the preload stands beside one that translates TypeScript", {
  skip,
}, async () => {
  const folder = await npmProject({
    dependencies: { tsx: "4.23.15" },
    files: {
      // Node's own support for TypeScript refuses it.
      "app.ts": `enum Answer { Hello = "hello" }
        import { createServer } from "node:http";
        const server = createServer((_, response) => response.end(Answer.Hello));
        server.listen(0, "127.0.0.1", () => console.log(server.address().port));`,
    },
  });
  const { resolve } = createRequire(join(folder, "package.json"));
  const tsx = pathToFileURL(resolve("tsx")).href;
  for (
    const flags of [
      ["--import", tsx, ...FLAGS],
      [...FLAGS, "--import", tsx],
    ]
  ) {
    await withPreload(
      [join(folder, "app.ts")],
      { flags },
      async ({ listening, scrape, program }) => {
        await ask(await listening());
        await assertSoon(
          ['{method="GET",route="_OTHER",status="200"} 1'],
          async () => samplesIn(await scrape(), "http_requests_total"),
        );
        assertEquals(program.stderr, "");
      },
    );
  }
});

test("the preload gives way to OpenTelemetry's exporter on the same port", {
  skip,
}, async () => {
  const folder = await npmProject({
    dependencies: {
      "@opentelemetry/exporter-prometheus": "0.301.0",
      "@opentelemetry/instrumentation-http": "0.301.0",
      "@opentelemetry/sdk-node": "0.301.0",
    },
    files: { "otel.cjs": OPEN_TELEMETRY, "app.cjs": SERVER },
  });
  await withPreload(
    [join(folder, "app.cjs")],
    { flags: ["--require", join(folder, "otel.cjs"), ...FLAGS] },
    async ({ listening, port, program }) => {
      await ask(await listening());
      const told = () => program.stderr.match(/cannot be listened on/g)?.length;
      await waitUntil(60_000, "it is told", () => told() === 1);
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`))
        .text();
      assertStringIncludes(text, "target_info");
      assertStringIncludes(text, "http_server_");
      await ask(await listening());
    },
  );
});

test("of npm, its shell and the application only the last one serves", {
  skip,
}, async () => {
  const folder = await npmProject({
    dependencies: {},
    files: { "app.cjs": SERVER },
    scripts: { start: '"$npm_node_execpath" app.cjs' },
  });
  const npm = await Promise.any(
    process.env.PATH!.split(delimiter).map((each) =>
      realpath(join(each, "npm"))
    ),
  );
  const preload = pathToFileURL(join(ROOT, FLAGS.at(-1)!)).href;
  await withPreload(
    [npm, "start", "--silent", "--prefix", folder],
    { flags: [], env: { NODE_OPTIONS: `--import=${preload}` } },
    async ({ listening, scrape, program }) => {
      const port = await listening();
      await ask(port);
      await assertSoon(
        ['{method="GET",route="_OTHER",status="200"} 1'],
        async () => samplesIn(await scrape(), "http_requests_total"),
      );
      // A second one would have found the port taken.
      await sleep(2500);
      assert(!program.stderr.includes("prometheus-async"), program.stderr);
      // To kill npm would leave it behind.
      await fetch(`http://127.0.0.1:${port}/end`).catch(() => {});
      await program.ended();
    },
  );
});

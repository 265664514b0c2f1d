/** Each entry point, with what the README says that it needs on Deno. */
import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../../tools/files.ts";
import { clientName } from "../../_client.ts";
import { createProject } from "./_project.ts";
import { test } from "../../_suite.ts";

const PACKAGE = "@prometheus-async/prometheus-async";

/** Programs that use what an entry point has, and print what it yields. */
const PROGRAMS: Readonly<Record<string, { source: string; output: string }>> = {
  ".": {
    source: `import * as all from "${PACKAGE}";
      console.log(typeof all.time, typeof all.startHttpServerInThread);`,
    output: "function function",
  },
  "./wrappers": {
    source: `import { time } from "${PACKAGE}/wrappers";
      const seen = [];
      const observe = (seconds) => void seen.push(seconds);
      await time({ observe }, Promise.resolve());
      console.log(seen.length);`,
    output: "1",
  },
  "./exposition": {
    source: `import { metricsHandler, serverStats }
        from "${PACKAGE}/exposition";
      import { Counter, register } from "${clientName}";
      new Counter({ name: "jobs_total", help: "Jobs" }).inc(2);
      const request = new Request("http://localhost/metrics");
      const own = await metricsHandler({ registry: register })(request);
      const text = await own.text();
      const { status } = await serverStats(request);
      console.log(status, text.includes("\\njobs_total 2\\n"));`,
    output: "200 true",
  },
  "./http": {
    source: `import { instrumentHandler } from "${PACKAGE}/http";
      import { register } from "${clientName}";
      const handler = instrumentHandler((_request) => new Response("hello"), {
        registry: register,
        route: "/",
      });
      await (await handler(new Request("http://localhost/"))).text();
      const metric = register.getSingleMetric("http_requests_total");
      console.log((await metric.get()).values[0].labels.route);`,
    output: "/",
  },
  "./hono": {
    source: `import { metrics, prometheus } from "${PACKAGE}/hono";
      import { Hono } from "hono";
      import { register } from "${clientName}";
      const app = new Hono();
      app.get("/metrics", metrics({ registry: register }));
      app.use(prometheus({ registry: register }));
      app.get("/users/:id", (c) => c.text("hello"));
      await (await app.request("/users/7")).text();
      const text = await (await app.request("/metrics")).text();
      console.log(text.includes('route="/users/:id"'));`,
    output: "true",
  },
  "./node": {
    source: `import { instrumentListener, metricsListener }
        from "${PACKAGE}/node";
      import { createServer } from "node:http";
      import { register } from "${clientName}";
      const metrics = metricsListener({ registry: register });
      const app = instrumentListener((request, response) => {
        if (request.url === "/metrics") return metrics(request, response);
        response.end("hello");
      }, { registry: register, route: ({ request }) => request.url });
      const server = createServer(app).listen(0, "127.0.0.1", async () => {
        const { port } = server.address();
        const get = async (path) =>
          await (await fetch("http://127.0.0.1:" + port + path)).text();
        await get("/hello");
        console.log((await get("/metrics")).includes('route="/hello"'));
        server.closeAllConnections();
        server.close();
      });`,
    output: "true",
  },
  "./runtime-metrics": {
    source: `import { runtimeMetrics } from "${PACKAGE}/runtime-metrics";
      const runtime = runtimeMetrics();
      const names = runtime.getMetricsAsArray().map(({ name }) => name);
      runtime.stop();
      console.log(names.includes("process_cpu_seconds_total"));`,
    output: "true",
  },
  "./register": {
    source: `import { createServer } from "node:http";
      import { setTimeout as sleep } from "node:timers/promises";
      import process from "node:process";
      const server = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      const { port } = server.address();
      server.close();
      process.env.PROMETHEUS_ASYNC_PORT = String(port);
      await import("${PACKAGE}/register");
      let status;
      while (status === undefined) {
        await sleep(100);
        status = await fetch("http://127.0.0.1:" + port + "/metrics")
          .then((response) => response.status, () => undefined);
      }
      console.log(status);
      process.exit();`,
    output: "200",
  },
  "./server": {
    source: `import { startHttpServer } from "${PACKAGE}/server";
      const server = await startHttpServer({ addr: "127.0.0.1" });
      const { status } = await fetch(server.metricsUrl);
      await server.close();
      console.log(status);`,
    output: "200",
  },
  "./thread": {
    source: `import { startHttpServerInThread, startHttpServerInThreadSync }
        from "${PACKAGE}/thread";
      import { register } from "${clientName}";
      const options = { addr: "127.0.0.1", registry: register };
      startHttpServerInThreadSync(options).closeSync();
      const server = await startHttpServerInThread(options);
      const { status } = await fetch(server.metricsUrl);
      await server.close();
      console.log(status);`,
    output: "200",
  },
  "./discovery": {
    source: `import { ConsulAgent } from "${PACKAGE}/discovery";
      import { startHttpServer } from "${PACKAGE}/server";
      const errors = [];
      const server = await startHttpServer({
        addr: "127.0.0.1",
        // Nobody answers there.
        serviceDiscovery: new ConsulAgent({ required: false, timeout: 2000 }),
        onError: (error) => void errors.push(error),
      });
      await server.close();
      console.log(server.isRegistered);`,
    output: "false",
  },
  "./hash-password": {
    source: `import process from "node:process";
      process.stdin.push("a password\\n");
      process.stdin.push(null);
      const { log } = console;
      console.log = (hash) => log(hash.replace(/[\\w+/]{20,}/g, "…"));
      await import("${PACKAGE}/hash-password");`,
    output: "$scrypt$ln=15,r=8,p=1$…$…",
  },
};

/** The permissions that the README names for an entry point, as Deno's flags. */
function permissionsOf(entry: string, readme: string): string[] {
  const row = readme.split("\n")
    .find((line) => line.startsWith(`| \`${entry}\` `));
  const cell = row?.split("|").at(-2) ?? "";
  const variables = cell.includes("two variables")
    ? "=CONSUL_HTTP_ADDR,CONSUL_HTTP_TOKEN"
    : "";
  return [...cell.matchAll(/--allow-\w+/g)].map(([flag]) =>
    flag === "--allow-env" ? flag + variables : flag
  );
}

test("every entry point does its work with the permissions that the README names", async () => {
  const read = (file: string) => readFile(join(ROOT, file), "utf8");
  const [readme, manifest] = await Promise.all(
    ["README.md", "jsr.json"].map(read),
  );
  const { "./thread-entry": _, ...entries } = JSON.parse(manifest).exports;
  assertEquals(Object.keys(PROGRAMS).sort(), Object.keys(entries).sort());
  const project = await createProject({ client: clientName, hono: "pinned" });
  try {
    for (const [entry, { source, output }] of Object.entries(PROGRAMS)) {
      const printed = await project.run(
        source,
        ...permissionsOf(entry, readme),
      );
      assertEquals([entry, printed.trim()], [entry, output]);
    }
  } finally {
    await project.remove();
  }
});

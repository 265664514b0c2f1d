import { assertEquals, assertRejects } from "@std/assert";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { createProject } from "./_project.ts";
import { test } from "../../_suite.ts";

// Plain JavaScript, which is TypeScript too, so that it runs on all of them.
const PROGRAM = `
import { instrumentHandler } from "@prometheus-async/prometheus-async/http";
import { metrics, prometheus } from "@prometheus-async/prometheus-async/hono";
import { Registry } from "prom-client";
import { Hono } from "hono";

const registry = new Registry();
const app = new Hono();
app.get("/metrics", metrics({ registry }));
app.use(prometheus({ registry, labels: { path: (c) => c.req.raw.url.length } }));
app.get("/users/:id", (c) => c.text(c.req.param("id")));

const handler = instrumentHandler(app.fetch, {
  registry,
  prefix: "all_",
  route: ({ request }) => new URL(request.url).pathname.slice(0, 6),
});
await (await handler(new Request("http://localhost/users/7"))).text();
const scrape = await handler(new Request("http://localhost/metrics"));
const lines = (await scrape.text()).split("\\n")
  .filter((line) => /requests_total\\{/.test(line));
console.log(lines.join("; "));
`;

/** The lines that the program prints. */
const OUTPUT =
  'http_requests_total{method="GET",path="24",route="/users/:id",status="200"} 1; ' +
  'all_http_requests_total{method="GET",route="/users",status="200"} 1';

test("the published package measures an application of Hono, and has its types", async () => {
  const project = await createProject({ hono: "pinned" });
  try {
    // Imports from JSR have no types here.
    const typed = runtimeName() === "deno"
      ? PROGRAM.replace('"hono"', '"npm:hono@^4"')
      : PROGRAM;
    await project.check(typed);
    const wrong = typed.replace("prometheus({", "prometheus({ bucket: 1,");
    await assertRejects(() => project.check(wrong), Error);
    // As the documentation says: a handler needs no permission.
    assertEquals((await project.run(PROGRAM)).trim(), OUTPUT);
  } finally {
    await project.remove();
  }
});

test("the published package measures an application of the oldest Hono", async () => {
  const project = await createProject({ hono: "4.3.0" });
  try {
    assertEquals((await project.run(PROGRAM)).trim(), OUTPUT);
  } finally {
    await project.remove();
  }
});

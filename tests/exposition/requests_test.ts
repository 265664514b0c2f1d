import { metricsHandler } from "../../src/exposition/mod.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import * as client from "prom-client";
import { test } from "../_suite.ts";
import { CONTENT_TYPE, FILLED, filledRegistry, scrape } from "./_filled.ts";

test("metricsHandler() answers HEAD with the headers alone", async () => {
  const response = await metricsHandler({ registry: filledRegistry() })(
    scrape({ method: "HEAD" }),
  );
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), CONTENT_TYPE);
  assertEquals(await response.text(), "");
});

test("metricsHandler() answers OPTIONS and other methods with what it allows", async () => {
  const handler = metricsHandler({ registry: filledRegistry() });
  const cases = { OPTIONS: 204, POST: 405, PUT: 405, DELETE: 405, PATCH: 405 };
  for (const [method, status] of Object.entries(cases)) {
    const response = await handler(scrape({ method }));
    assertEquals(response.status, status);
    assertEquals(response.headers.get("allow"), "GET, HEAD, OPTIONS");
  }
});

/** The names of the families in an answer. */
async function familyNames(response: Response): Promise<string[]> {
  return [...(await response.text()).matchAll(/^# TYPE (\S+)/gm)]
    .map(([, name]) => name);
}

test("metricsHandler() serves the families that name[] asks for", async () => {
  const handler = metricsHandler({ registry: filledRegistry() });
  const cases: [query: string, names: string[]][] = [
    ["", ["jobs_total", "temp", "h", "s"]],
    ["?other=1", ["jobs_total", "temp", "h", "s"]],
    ["?name[]=temp", ["temp"]],
    ["?name%5B%5D=temp&name%5B%5D=h", ["temp", "h"]],
    ["?name[]=jobs_total", ["jobs_total"]],
    ["?name[]=jobs", ["jobs_total"]],
    ["?name[]=h_bucket", ["h"]],
    ["?name[]=h_sum&name[]=s_count", ["h", "s"]],
    ["?name[]=temp_sum", []],
    ["?name[]=nothing", []],
  ];
  for (const [query, names] of cases) {
    const response = await handler(
      new Request(`http://localhost/metrics${query}`),
    );
    assertEquals(response.status, 200);
    assertEquals(await familyNames(response), names, query);
  }
});

test("metricsHandler() collects what name[] asks for and no more", async () => {
  const registry = new client.Registry();
  const collected: string[] = [];
  for (const name of ["a", "b"]) {
    new client.Gauge({
      name,
      help: name,
      registers: [registry],
      collect: () => void collected.push(name),
    });
  }
  const handler = metricsHandler({ registry });
  await handler(new Request("http://localhost/metrics?name[]=b"));
  assertEquals(collected, ["b"]);
});

test("metricsHandler() answers a bad query or URL with 400 and the reason", async () => {
  const handler = metricsHandler({ registry: filledRegistry() });
  const cases: [url: string, reason: string][] = [
    ["http://localhost/metrics?name[]=", 'must follow "name[]="'],
    ["http://localhost/metrics?name[]=temp&name[]=", 'must follow "name[]="'],
    ["http://localhost/metrics?name[]=%zz", "percent-encoded"],
    ["http://localhost/metrics?name[]=%ff", "UTF-8"],
    ["http://[", "no URL"],
  ];
  for (const [url, reason] of cases) {
    const { headers } = scrape();
    const response = await handler({ method: "GET", url, headers });
    assertEquals(response.status, 400);
    assertStringIncludes(await response.text(), reason);
  }
});

test("metricsHandler() reads a request's path where there is no host", async () => {
  const { headers } = scrape();
  const response = await metricsHandler({ registry: filledRegistry() })({
    method: "GET",
    url: "/metrics?name[]=temp",
    headers,
  });
  assertEquals(await familyNames(response), ["temp"]);
});

test("metricsHandler() ignores further arguments, as runtimes pass them", async () => {
  const handler: (...args: unknown[]) => Promise<Response> = metricsHandler({
    registry: filledRegistry(),
  }) as never;
  const response = await handler(scrape(), { remoteAddr: {} }, undefined);
  assertEquals(await response.text(), FILLED);
});

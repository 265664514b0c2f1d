import { assert, assertEquals, assertThrows } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { Counter, Registry } from "prom-client";
import {
  instrumentHandler,
  type InstrumentHandlerOptions,
} from "../../src/http/mod.ts";
import { test } from "../_suite.ts";
import { empty, request } from "./_handlers.ts";
import { samplesOf, totalOf } from "./_scrape.ts";

/** Measures requests; yields the registry with their metrics. */
async function measured(
  options: InstrumentHandlerOptions,
  ...requests: Request[]
): Promise<Registry> {
  const registry = new Registry();
  const handler = instrumentHandler(empty, { registry, ...options });
  for (const each of requests) await handler(each);
  return registry;
}

async function typesOf(registry: Registry): Promise<string[]> {
  const text = await registry.metrics();
  return [...text.matchAll(/^# TYPE (.+)$/gm)].map(([, type]) => type).sort();
}

test("names are OpenTelemetry's where that is asked for", async () => {
  const registry = await measured({
    names: "opentelemetry",
    prefix: "shop_",
    route: "/a",
    sizes: true,
    firstByte: true,
  }, request());
  assertEquals(await typesOf(registry), [
    "shop_http_server_active_requests gauge",
    "shop_http_server_request_body_size_bytes histogram",
    "shop_http_server_request_duration_seconds histogram",
    "shop_http_server_response_body_size_bytes histogram",
    "shop_http_server_response_first_byte_seconds histogram",
  ]);
  assertEquals(
    await samplesOf(
      registry,
      "shop_http_server_request_duration_seconds_count",
    ),
    ['{http_request_method="GET",http_route="/a",http_response_status_code="204"} 1'],
  );
  assertEquals(await samplesOf(registry, "shop_http_server_active_requests"), [
    '{http_request_method="GET"} 0',
  ]);
});

test("handlers with either names share a registry", async () => {
  const registry = await measured({}, request());
  const others = { registry, names: "opentelemetry" } as const;
  for (let n = 0; n < 2; n++) instrumentHandler(empty, others)(request());
  assertEquals(await totalOf(registry, "http_requests_total"), 1);
  assertEquals(
    await totalOf(registry, "http_server_request_duration_seconds_count"),
    2,
  );
});

test("metrics with OpenTelemetry's names are registered again after clear()", async () => {
  const registry = new Registry();
  const options = { registry, names: "opentelemetry" } as const;
  const handler = instrumentHandler(empty, options);
  handler(request());
  registry.clear();
  handler(request());
  assertEquals(
    await totalOf(registry, "http_server_request_duration_seconds_count"),
    1,
  );
});

test("labels are left out, and their values are counted together", async () => {
  const post = request("/", { method: "POST" });
  const cases: [InstrumentHandlerOptions["omit"], string[]][] = [
    [["route"], [
      '{method="GET",status="204"} 2',
      '{method="POST",status="204"} 1',
    ]],
    [["method"], ['{route="_OTHER",status="204"} 3']],
    [["status", "method", "route"], [" 3"]],
  ];
  for (const [omit, expected] of cases) {
    // Sets that are left out do not count.
    const options = { omit, maxSeries: 2 };
    const registry = await measured(options, request(), request(), post);
    assertEquals(await samplesOf(registry, "http_requests_total"), expected);
    assertEquals(
      await samplesOf(registry, "http_requests_inprogress"),
      omit!.includes("method")
        ? [" 0"]
        : ['{method="GET"} 0', '{method="POST"} 0'],
    );
  }
});

test("a route that is left out does not come back as _OTHER", async () => {
  let n = 0;
  const options: InstrumentHandlerOptions = {
    omit: ["route"],
    labels: { n: () => n++ },
    maxSeries: 1,
  };
  const registry = await measured(options, request(), request(), request());
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",status="204",n="0"} 1',
    '{method="GET",status="204",n="_OTHER"} 2',
  ]);
});

test("the first byte of a stream is timed before its last", async () => {
  const registry = new Registry();
  const handler = instrumentHandler(
    () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            await sleep(200);
            controller.enqueue(new Uint8Array(1));
            controller.close();
          },
        }),
      ),
    { registry, firstByte: true },
  );
  await (await handler(request())).arrayBuffer();
  const last = await totalOf(registry, "http_request_duration_seconds_sum");
  const name = "http_response_first_byte_seconds";
  assertEquals(await totalOf(registry, `${name}_count`), 1);
  assert(last - await totalOf(registry, `${name}_sum`) > 0.15);
});

test("a handler that throws has no first byte", async () => {
  const registry = new Registry();
  const handler = instrumentHandler(() => {
    throw new Error("on purpose");
  }, { registry, firstByte: true });
  assertThrows(() => handler(request()), Error, "on purpose");
  const name = "http_response_first_byte_seconds_count";
  assertEquals(await totalOf(registry, name), 0);
});

test("handlers that share metrics must leave out the same, and name alike", async () => {
  const registry = await measured({ omit: ["route"] });
  for (const options of [{}, { omit: ["method"] }] as const) {
    assertThrows(
      () => instrumentHandler(empty, { registry, ...options }),
      TypeError,
      "omit must be the same",
    );
  }
  assertThrows(
    () =>
      instrumentHandler(empty, { registry, omit: ["route"], firstByte: true }),
    TypeError,
    "firstByte must be the same",
  );
  const other = new Registry();
  const name = "http_server_active_requests";
  new Counter({ name, help: "taken", registers: [other] });
  assertThrows(
    () => instrumentHandler(empty, { registry: other, names: "opentelemetry" }),
    TypeError,
    `"${name}" already`,
  );
});

import { assertEquals, assertThrows } from "@std/assert";
import * as client from "prom-client";
import {
  instrumentHandler,
  type InstrumentHandlerOptions,
} from "../../src/http/mod.ts";
import { test } from "../_suite.ts";
import { empty, request } from "./_handlers.ts";
import { samplesOf } from "./_scrape.ts";

test("buckets are those of the options", async () => {
  const registry = new client.Registry();
  const buckets = [0.5, 600];
  await instrumentHandler(empty, { registry, buckets })(request());
  const samples = await samplesOf(
    registry,
    "http_request_duration_seconds_bucket",
  );
  assertEquals(
    samples.map((sample) => /le="([^"]*)"/.exec(sample)?.[1]).sort(),
    ["+Inf", "0.5", "600"],
  );
});

test("instrumentHandler() refuses options that cannot be", () => {
  const registry = new client.Registry();
  for (
    const [options, ErrorClass, message] of [
      [{ registry: {} }, TypeError, "registerMetric()"],
      [{ registry: null }, TypeError, "registerMetric()"],
      [{ prefix: "1_" }, RangeError, "prefix"],
      [{ prefix: "a-" }, RangeError, "prefix"],
      [{ prefix: 1 }, TypeError, "prefix"],
      [{ buckets: [] }, RangeError, "buckets"],
      [{ buckets: [1, 1] }, RangeError, "buckets"],
      [{ buckets: [2, 1] }, RangeError, "buckets"],
      [{ buckets: [1, Infinity] }, RangeError, "buckets"],
      [{ buckets: "1" }, RangeError, "buckets"],
      [{ sizes: "yes" }, TypeError, "sizes"],
      [{ sizes: true, sizeBuckets: [NaN] }, RangeError, "sizeBuckets"],
      [{ labels: () => {} }, TypeError, "labels"],
      [{ labels: { a: "b" } }, TypeError, "labels.a"],
      [{ labels: { route: () => "" } }, RangeError, '"route"'],
      [{ labels: { le: () => "" } }, RangeError, '"le"'],
      [{ labels: { "a-b": () => "" } }, RangeError, '"a-b"'],
      [{ labels: { __a: () => "" } }, RangeError, '"__a"'],
      [{ exemplar: "trace" }, TypeError, "exemplar"],
      [{ bucket: [1] }, TypeError, "received bucket"],
      [{ maxSeries: 0 }, RangeError, "maxSeries"],
      [{ maxSeries: 1.5 }, RangeError, "maxSeries"],
      [{ onError: 1 }, TypeError, "onError"],
      [{ route: 1 }, TypeError, "route"],
      [{ exclude: "/" }, TypeError, "exclude must be an array of strings or"],
      [{ exclude: [1] }, TypeError, "exclude"],
      [{ methods: "GET" }, TypeError, "methods must be an array of strings"],
      [{ names: "otel" }, RangeError, '"prometheus" or "opentelemetry"'],
      [{ omit: "route" }, TypeError, "omit must be an array of strings"],
      [{ omit: ["path"] }, RangeError, '"method", "route", "status"'],
      [{ firstByte: 1 }, TypeError, "firstByte"],
      [{ labels: { http_route: () => "" } }, RangeError, '"http_route"'],
    ] as const
  ) {
    const given = options as unknown as InstrumentHandlerOptions;
    assertThrows(
      () => instrumentHandler(empty, { registry, ...given }),
      ErrorClass as ErrorConstructor,
      message,
    );
  }
  for (const options of [[], null, "text"]) {
    assertThrows(
      () =>
        instrumentHandler(
          empty,
          options as unknown as InstrumentHandlerOptions,
        ),
      TypeError,
      "options must be an object",
    );
  }
  assertThrows(
    () => instrumentHandler({ fetch: empty } as unknown as typeof empty),
    TypeError,
    "of an application pass its `fetch`",
  );
  // The refused options left no metrics behind.
  assertEquals(registry.getMetricsAsArray().length, 0);
});

test("handlers that share their metrics must want the same", () => {
  const registry = new client.Registry();
  instrumentHandler(empty, { registry });
  for (
    const [options, what] of [
      [{ buckets: [1] }, "buckets"],
      [{ sizes: true }, "sizes"],
      [{ labels: { a: () => "" } }, "labels"],
      [{ maxSeries: 5 }, "maxSeries"],
    ] as const
  ) {
    assertThrows(
      () => instrumentHandler(empty, { registry, ...options }),
      TypeError,
      what,
    );
  }
  instrumentHandler(empty, { registry, onError: () => {}, route: "/" });
});

test("exclude leaves out paths, or what a function tells", async () => {
  const registry = new client.Registry();
  const errors: unknown[] = [];
  const byPath = instrumentHandler(empty, { registry, exclude: ["/healthz"] });
  for (const path of ["/healthz", "/healthz?a", "/healthz/b", "//healthz"]) {
    assertEquals((await byPath(request(path))).status, 204);
  }
  const byFunction = instrumentHandler(empty, {
    registry,
    onError: (error) => errors.push(error),
    exclude({ request }) {
      if (request.method === "PUT") throw new Error("on purpose");
      return request.headers.get("user-agent") === "kube-probe";
    },
  });
  const headers = { "user-agent": "kube-probe" };
  await byFunction(request("/", { headers }));
  await byFunction(request("/", { method: "PUT", headers }));
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="204"} 2',
    '{method="PUT",route="_OTHER",status="204"} 1',
  ]);
  assertEquals(errors.length, 1);
});

test("methods have labels of their own if the options name them", async () => {
  const registry = new client.Registry();
  const methods = ["PROPFIND"];
  const handler = instrumentHandler(empty, { registry, methods });
  for (const method of ["PROPFIND", "MKCOL"]) {
    await handler(request("/", { method }));
  }
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="PROPFIND",route="_OTHER",status="204"} 1',
    '{method="_OTHER",route="_OTHER",status="204"} 1',
  ]);
});

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
  // Nothing of that has left metrics behind.
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

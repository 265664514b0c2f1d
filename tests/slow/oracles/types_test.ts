import type { CollectedMetric, Registry } from "../../../src/types.ts";
import { metricsHandler } from "../../../src/exposition/mod.ts";
import { assertEquals } from "@std/assert";
import { test } from "../../_suite.ts";
import { judge, ORACLES, sample, samplesOf, typesOf } from "./_judge.ts";
import { checkWithPromtool, parseWithPython } from "./_oracles.ts";

/** A registry-shaped object. */
function registryOf(
  ...all: readonly Omit<CollectedMetric, "help">[]
): Registry {
  const metrics = all.map((each) => ({
    name: each.name,
    get: () => Promise.resolve({ help: "Help", ...each }),
  }));
  return { getMetricsAsArray: () => metrics };
}

/** 2026-01-02T03:04:05.678Z. */
const timestamp = 1767323045678;

test(
  "infos, statesets and metrics of unknown type are accepted",
  ORACLES,
  async () => {
    const families = await judge(registryOf(
      {
        name: "build",
        type: "info",
        values: [{ labels: { v: "1" }, value: 1 }],
      },
      { name: "size_bytes_info", type: "info", values: [{ value: 1 }] },
      { name: "odd", type: "info", values: [{ value: 2 }] },
      {
        name: "power",
        type: "stateset",
        values: [
          { labels: { power: "on" }, value: 1 },
          { labels: { power: "off" }, value: 0 },
        ],
      },
      { name: "half", type: "stateset", values: [{ value: 0.5 }] },
      { name: "any", type: "untyped", values: [{ value: -1 }] },
    ));
    assertEquals(typesOf(families), {
      build: "info",
      size_bytes: "info",
      odd_info: "unknown",
      power: "stateset",
      half: "unknown",
      any: "unknown",
    });
    assertEquals(samplesOf(families, "build"), [["build_info", { v: "1" }, 1]]);
  },
);

test("timestamps are accepted", ORACLES, async () => {
  const families = await judge(registryOf(
    {
      name: "g",
      type: "gauge",
      values: [
        { labels: { a: "1" }, value: 1, timestamp },
        { labels: { a: "2" }, value: 2 },
      ],
    },
    { name: "c_total", type: "counter", values: [{ value: 1, timestamp }] },
    {
      name: "h",
      type: "histogram",
      values: [
        // Some have none: all samples of a series get the count's.
        { metricName: "h_bucket", labels: { le: 1 }, value: 1 },
        { metricName: "h_bucket", labels: { le: "+Inf" }, value: 2, timestamp },
        { metricName: "h_sum", value: 3 },
        { metricName: "h_count", value: 2, timestamp },
      ],
    },
    {
      name: "s",
      type: "summary",
      values: [
        { labels: { quantile: 0.5 }, value: 1, timestamp },
        { metricName: "s_sum", value: 1, timestamp },
        { metricName: "s_count", value: 1, timestamp },
      ],
    },
  ));
  assertEquals(typesOf(families), {
    g: "gauge",
    c: "counter",
    h: "histogram",
    s: "summary",
  });
});

test(
  "metrics that a format writes alike, and values that are none, are accepted",
  ORACLES,
  async () => {
    const registry = registryOf(
      {
        name: "a.b",
        type: "summary",
        values: [
          { labels: { quantile: 0.5 }, value: null as never },
          { metricName: "a.b_sum", value: 3 },
          { metricName: "a.b_count", value: 2 },
        ],
      },
      { name: "a_b_count", type: "gauge", values: [{ value: 1 }] },
      { name: "a_b", type: "gauge", values: [{ value: 1 }] },
      {
        name: "g",
        type: "gauge",
        values: [
          { labels: { "x.y": "1" }, value: 1 },
          { labels: { x_y: "1" }, value: 2 },
          { labels: { "._name__": "1" }, value: 3 },
          { labels: { x_y: "2" }, value: undefined as never },
        ],
      },
      { name: "c.d", type: "gauge", values: [{ value: 1 }] },
      { name: "c_d_total", type: "counter", values: [{ value: 1 }] },
      { name: "c_d_created", type: "gauge", values: [{ value: 1 }] },
    );
    const handler = metricsHandler({
      registry,
      ownMetrics: true,
      onError() {},
    });
    for (const escaping of ["", ";escaping=dots", ";escaping=values"]) {
      const scrape = async (accept: string) => {
        const headers = { accept: accept + escaping };
        const url = "http://localhost/metrics";
        const { body } = await handler(new Request(url, { headers }));
        return new Uint8Array(await new Response(body).arrayBuffer());
      };
      const text = await scrape("text/plain; version=1.0.0");
      const openMetrics = await scrape(
        "application/openmetrics-text; version=1.0.0",
      );
      assertEquals((await checkWithPromtool(text)).code !== 1, true);
      const families = await parseWithPython(openMetrics);
      if (escaping !== "") continue;
      assertEquals(families.find(({ name }) => name === "a_b")?.samples, [
        sample("a_b_sum", {}, 3),
        sample("a_b_count", {}, 2),
      ]);
    }
  },
);

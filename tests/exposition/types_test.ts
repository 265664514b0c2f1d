import type { CollectedMetric, Registry } from "../../src/types.ts";
import { metricsHandler } from "../../src/exposition/mod.ts";
import { OPENMETRICS_1_0_0, TEXT_0_0_4 } from "../../src/formats/format.ts";
import { assertEquals } from "@std/assert";
import { test } from "../_suite.ts";
import { refresh, withLive, write } from "../live/_live.ts";
import { reporting, scrape } from "./_scraping.ts";

const OPENMETRICS = { accept: "application/openmetrics-text;version=1.0.0" };

/** A registry-shaped object. */
function registryOf(
  ...all: readonly Omit<CollectedMetric, "help">[]
): Registry {
  const metrics = all.map((each) => ({
    name: each.name,
    type: each.type,
    get: () => Promise.resolve({ help: "", ...each }),
  }));
  return { getMetricsAsArray: () => metrics };
}

/** Scrapes in the text format and in OpenMetrics, through a mirror as well. */
async function scrapeBoth(registry: Registry): Promise<[string, string]> {
  const { handler, errors } = reporting(registry);
  const text = (await scrape(handler)).text;
  const openMetrics = (await scrape(handler, OPENMETRICS)).text;
  // Once more, since templates are used again.
  assertEquals((await scrape(handler)).text, text);
  assertEquals(errors, []);
  await withLive([registry], async ({ mirror, families }) => {
    await refresh(mirror);
    assertEquals(await write(families(), TEXT_0_0_4), text);
    assertEquals(await write(families(), OPENMETRICS_1_0_0), openMetrics);
  });
  return [text, openMetrics];
}

const one = [{ labels: { version: "1.2" }, value: 1 }];

test("an info is written with its suffix, once", async () => {
  for (
    const [name, metricName] of [
      ["build", undefined],
      ["build", "build_info"],
      ["build_info", undefined],
      ["build_info", "build_info"],
    ] as const
  ) {
    const values = one.map((value) => ({ ...value, metricName }));
    assertEquals(await scrapeBoth(registryOf({ name, type: "info", values })), [
      '# TYPE build_info untyped\nbuild_info{version="1.2"} 1\n',
      '# TYPE build info\nbuild_info{version="1.2"} 1\n# EOF\n',
    ]);
  }
});

test("an info without the value 1, or whose name is taken, is unknown to OpenMetrics", async () => {
  const two = [{ value: 2 }];
  const [, openMetrics] = await scrapeBoth(registryOf(
    { name: "a_seconds", type: "info", values: two },
    { name: "b", type: "info", values: one },
    { name: "b", type: "gauge", values: two },
    { name: "_info", type: "info", values: one },
  ));
  assertEquals(
    openMetrics,
    "# TYPE a_seconds_info unknown\na_seconds_info 2\n" +
      '# TYPE b_info unknown\nb_info{version="1.2"} 1\n' +
      "# TYPE b gauge\nb 2\n" +
      '# TYPE _info unknown\n_info{version="1.2"} 1\n# EOF\n',
  );
});

test("an info is found by either name", async () => {
  for (const name of ["build", "build_info"]) {
    const registry = registryOf({ name, type: "info", values: one });
    for (const asked of ["build", "build_info"]) {
      const url = `http://localhost/metrics?name[]=${asked}`;
      const response = await metricsHandler({ registry })(new Request(url));
      assertEquals((await response.text()).includes("build_info{"), true);
    }
  }
});

test("a stateset is written where its states are right", async () => {
  const states = (name: string, label: string, value = 1) => ({
    name,
    type: "stateset",
    values: [
      { labels: { [label]: "on" }, value },
      { labels: { [label]: "off" }, value: 0 },
    ],
  });
  assertEquals(
    await scrapeBoth(registryOf(
      states("power", "power"),
      states("other", "label"),
      states("half", "half", 0.5),
      states("a:b", "a:b"),
    )),
    [
      '# TYPE power untyped\npower{power="on"} 1\npower{power="off"} 0\n' +
      '# TYPE other untyped\nother{label="on"} 1\nother{label="off"} 0\n' +
      '# TYPE half untyped\nhalf{half="on"} 0.5\nhalf{half="off"} 0\n' +
      '# TYPE a:b untyped\na:b{a_b="on"} 1\na:b{a_b="off"} 0\n',
      '# TYPE power stateset\npower{power="on"} 1\npower{power="off"} 0\n' +
      '# TYPE other unknown\nother{label="on"} 1\nother{label="off"} 0\n' +
      '# TYPE half unknown\nhalf{half="on"} 0.5\nhalf{half="off"} 0\n' +
      '# TYPE a:b unknown\na:b{a_b="on"} 1\na:b{a_b="off"} 0\n# EOF\n',
    ],
  );
});

test("a metric whose type nobody knows may spell that either way", async () => {
  for (const type of ["unknown", "untyped"]) {
    const values = [{ value: -1 }];
    assertEquals(await scrapeBoth(registryOf({ name: "m", type, values })), [
      "# TYPE m untyped\nm -1\n",
      "# TYPE m unknown\nm -1\n# EOF\n",
    ]);
  }
});

test("a type that no format knows is left out by name", async () => {
  const { handler, errors } = reporting(registryOf(
    { name: "a", type: "gaugehistogram", values: [{ value: 1 }] },
    { name: "b", type: "gauge", values: [{ value: 1 }] },
  ));
  const { text } = await scrape(handler);
  assertEquals(text.startsWith("# TYPE b gauge\nb 1\n#"), true, text);
  assertEquals(errors.map(({ collector }) => collector), ["a"]);
});

/** 2026-01-02T03:04:05.678Z. */
const TIME = 1767323045678;

test("timestamps are kept, in each format's unit", async () => {
  const labels = { a: "1" };
  const timestamp = TIME;
  const exemplar = { labelSet: { id: "x" }, value: 2, timestamp: 3 };
  assertEquals(
    await scrapeBoth(registryOf(
      {
        name: "g",
        type: "gauge",
        values: [
          { labels, value: 1, timestamp },
          { labels: { a: "2" }, value: 2 },
          { labels: { a: "3" }, value: 3, timestamp: new Date(-1500) },
          { labels: { a: "4" }, value: 4, timestamp: null },
          { labels: { a: "5" }, value: 5, timestamp: NaN },
          { labels: { a: "6" }, value: 6, timestamp: 0 },
        ],
      },
      {
        name: "c_total",
        type: "counter",
        values: [{ value: 2, timestamp: 1500.25, exemplar }],
      },
      {
        name: "h",
        type: "histogram",
        values: [
          { metricName: "h_bucket", labels: { le: 1 }, value: 1, timestamp },
          {
            metricName: "h_bucket",
            labels: { le: "+Inf" },
            value: 2,
            timestamp,
          },
          { metricName: "h_sum", value: 3, timestamp },
          { metricName: "h_count", value: 2, timestamp },
        ],
      },
      {
        name: "s",
        type: "summary",
        values: [
          { labels: { quantile: 0.5 }, value: -1, timestamp },
          { metricName: "s_sum", value: -1, timestamp },
          { metricName: "s_count", value: 1, timestamp },
        ],
      },
    )),
    [
      "# TYPE g gauge\n" +
      'g{a="1"} 1 1767323045678\ng{a="2"} 2\ng{a="3"} 3 -1500\n' +
      'g{a="4"} 4\ng{a="5"} 5\ng{a="6"} 6 0\n' +
      "# TYPE c_total counter\nc_total 2 1500\n" +
      "# TYPE h histogram\n" +
      'h_bucket{le="1"} 1 1767323045678\nh_bucket{le="+Inf"} 2 1767323045678\n' +
      "h_sum 3 1767323045678\nh_count 2 1767323045678\n" +
      "# TYPE s summary\n" +
      's{quantile="0.5"} -1 1767323045678\n' +
      "s_sum -1 1767323045678\ns_count 1 1767323045678\n",
      "# TYPE g gauge\n" +
      'g{a="1"} 1 1767323045.678\ng{a="2"} 2\ng{a="3"} 3 -1.5\n' +
      'g{a="4"} 4\ng{a="5"} 5\ng{a="6"} 6 0\n' +
      '# TYPE c counter\nc_total 2 1.50025 # {id="x"} 2 3\n' +
      "# TYPE h histogram\n" +
      'h_bucket{le="1.0"} 1 1767323045.678\n' +
      'h_bucket{le="+Inf"} 2 1767323045.678\n' +
      "h_sum 3 1767323045.678\nh_count 2 1767323045.678\n" +
      "# TYPE s unknown\n" +
      's{quantile="0.5"} -1 1767323045.678\n' +
      "# TYPE s_sum unknown\ns_sum -1 1767323045.678\n" +
      "# TYPE s_count unknown\ns_count 1 1767323045.678\n# EOF\n",
    ],
  );
});

test("timestamps stay with their values where label sets are left out or merged", async () => {
  const gauge = (...values: CollectedMetric["values"]) =>
    registryOf({ name: "g", type: "gauge", values });
  const { handler } = reporting([
    gauge(
      { labels: { a: "1" }, value: 1, timestamp: 10 },
      { labels: { a: "1" }, value: 2, timestamp: 20 },
      { labels: { a: "2" }, value: 3, timestamp: 30 },
    ),
    gauge({ labels: { a: "3" }, value: 4, timestamp: 40 }),
  ] as never);
  const { text } = await scrape(handler);
  assertEquals(text.split("\n").slice(1, 4), [
    'g{a="1"} 1 10',
    'g{a="2"} 3 30',
    'g{a="3"} 4 40',
  ]);
});

import type { CollectedValue, Registry } from "../../src/types.ts";
import { assertEquals } from "@std/assert";
import { test } from "../_suite.ts";
import { withLive } from "../live/_live.ts";
import { failures, reporting, scrape } from "./_scraping.ts";

/** A registry-shaped object with one metric. */
function registryWith(type: string, values: readonly unknown[]): Registry {
  const collected = { name: "m", help: "m", type, values };
  const metrics = [{ name: "m", get: () => Promise.resolve(collected) }];
  return { getMetricsAsArray: () => metrics } as Registry;
}

/** Values that are no numbers, though JavaScript makes numbers of some. */
const NO_NUMBERS = [null, undefined, "5", "", true, 5n, [5], {}, new Date(0)];

/** The samples of the metric in an answer. */
const samplesIn = (text: string) =>
  text.split("\n").filter((line) => line.startsWith("m"));

for (const type of ["counter", "gauge", "unknown"]) {
  test(`metricsHandler() leaves out samples of a ${type} that are no numbers, and names it`, async () => {
    for (const value of NO_NUMBERS) {
      const { handler, errors } = reporting(registryWith(type, [
        { value, labels: { a: "1" } },
        { value: NaN, labels: { a: "2" } },
        { labels: { a: "3" } },
        { value: 4, labels: { a: "4" } },
      ]));
      const { status, text } = await scrape(handler);
      assertEquals(status, 200);
      assertEquals(samplesIn(text), ['m{a="2"} NaN', 'm{a="4"} 4']);
      assertEquals(text.includes(failures("m", "error", 1)), true, text);
      assertEquals(errors.map(({ message }) => message), [
        'Cannot gather all of metric "m": values must be numbers, received 2 ' +
        "of another type",
      ]);
    }
  });
}

/** The samples of a summary, or a histogram, as a client lists them. */
function samplesOf(
  bounded: string,
  label: string,
  [first, last, sum, count]: readonly unknown[],
): CollectedValue[] {
  return [
    { metricName: bounded, labels: { a: "1", [label]: 0.5 }, value: first },
    {
      metricName: bounded,
      labels: { a: "1", [label]: label === "le" ? "+Inf" : 0.9 },
      value: last,
    },
    { metricName: "m_sum", labels: { a: "1" }, value: sum },
    { metricName: "m_count", labels: { a: "1" }, value: count },
    { metricName: "m_count", labels: { a: "2" }, value: 8 },
    { metricName: "m_sum", labels: { a: "2" }, value: 9 },
  ] as CollectedValue[];
}

test("metricsHandler() makes no 0 of a null in a summary or a histogram", async () => {
  const quantile = (q: number, value: number) =>
    `m{a="1",quantile="${q}"} ${value}`;
  const bucket = (le: string, value: number) =>
    `m_bucket{a="1",le="${le}"} ${value}`;
  const other = ['m_sum{a="2"} 9', 'm_count{a="2"} 8'];
  const inBuckets = ['m_bucket{a="2",le="+Inf"} 8', ...other];
  const cases: [string, readonly unknown[], string[]][] = [
    ["summary", [null, 2, 3, 4], [
      quantile(0.9, 2),
      'm_sum{a="1"} 3',
      'm_count{a="1"} 4',
      ...other,
    ]],
    ["summary", [1, 2, null, 4], [
      quantile(0.5, 1),
      quantile(0.9, 2),
      'm_sum{a="1"} NaN',
      'm_count{a="1"} 4',
      ...other,
    ]],
    ["summary", [1, 2, 3, null], other],
    ["histogram", [null, 4, 3, 4], [
      bucket("+Inf", 4),
      'm_sum{a="1"} 3',
      'm_count{a="1"} 4',
      ...inBuckets,
    ]],
    // The last bucket and the count are the same.
    ["histogram", [1, null, 3, 4], [
      bucket("0.5", 1),
      bucket("+Inf", 4),
      'm_sum{a="1"} 3',
      'm_count{a="1"} 4',
      ...inBuckets,
    ]],
    ["histogram", [1, 4, 3, null], [
      bucket("0.5", 1),
      bucket("+Inf", 4),
      'm_sum{a="1"} 3',
      'm_count{a="1"} 4',
      ...inBuckets,
    ]],
  ];
  for (const [type, values, expected] of cases) {
    const names = type === "summary" ? ["m", "quantile"] : ["m_bucket", "le"];
    const samples = samplesOf(names[0], names[1], values);
    const { handler, errors } = reporting(registryWith(type, samples));
    const { text } = await scrape(handler);
    assertEquals(samplesIn(text), expected);
    assertEquals(errors.length, 1);
    assertEquals(text.includes(failures("m", "error", 1)), true, text);
  }
});

test("a mirror makes no 0 of a null, and tells the failure", async () => {
  const registry = registryWith("gauge", [
    { value: null, labels: { a: "1" } },
    { value: 2, labels: { a: "2" } },
  ]);
  await withLive([registry], async ({ mirror, families }) => {
    const [{ refreshed }] = mirror.refresh();
    assertEquals((await refreshed)?.failure, "error");
    const [{ series, values }] = families();
    assertEquals(series.map(({ labels }) => ({ ...labels })), [{ a: "2" }]);
    assertEquals(Array.from(values), [2]);
  });
});

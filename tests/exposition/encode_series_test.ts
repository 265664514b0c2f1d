import { encode } from "../../src/formats/encode.ts";
import {
  OPENMETRICS_1_0_0,
  TEXT_0_0_4,
  TEXT_1_0_0,
  withEscaping,
} from "../../src/formats/format.ts";
import { makeSeries } from "../../src/families/label_set.ts";
import type { MetricFamily, Series } from "../../src/types.ts";
import { assert, assertEquals } from "@std/assert";
import { test } from "../_suite.ts";
import { family, write } from "./_families.ts";

const decoder = new TextDecoder();

/** Writes families of one metric, one after the other; yields the samples. */
function writerOf(type: MetricFamily["type"], bounds?: readonly number[]) {
  const origin = {};
  const known = new Map<string, Series>();
  return async (...names: string[]) => {
    const width = bounds === undefined ? 1 : bounds.length + 2;
    for (const n of names) {
      if (!known.has(n)) known.set(n, { labels: { n }, bounds });
    }
    const series = names.map((n) => known.get(n)!);
    const values = names.flatMap((n) => Array(width).fill(Number(n)));
    const each = family(type, "g", []);
    const text = await write([{ ...each, series, values, origin }]);
    return text.split("\n").filter((line) => line !== "" && line[0] !== "#");
  };
}

test("encode() follows series that come and go", async () => {
  const gauges = writerOf("gauge");
  const lines = (...names: string[]) => names.map((n) => `g{n="${n}"} ${n}`);
  for (
    const names of [
      ["1"],
      ["1", "2", "3"],
      ["1"],
      ["1", "2", "3", "4"],
      ["1", "3", "4"],
      ["4", "1"],
      [],
      ["2", "5", "1"],
    ]
  ) assertEquals(await gauges(...names), lines(...names));
});

test("encode() writes what it remembers as each format and scheme wants it", async () => {
  const schemes = ["allow-utf-8", "underscores", "dots", "values"] as const;
  const formats = schemes.flatMap((escaping) => [
    withEscaping(TEXT_1_0_0, escaping),
    withEscaping(OPENMETRICS_1_0_0, escaping),
  ]);
  // The same series and origin with every scrape, as of a metric's reader.
  const remember = (
    type: MetricFamily["type"],
    name: string,
    label: string,
  ): MetricFamily => {
    const series = [makeSeries({ [label]: "x" }, {})];
    return { ...family(type, name, []), series, values: [1], origin: {} };
  };
  const remembered = [
    remember("counter", "a_b_total", "l"),
    remember("gauge", "a.b_seconds", "l"),
    remember("gauge", "odd_label", "a.b"),
  ];
  for (const help of ["first", "second"]) {
    const families = remembered.map((each) => ({ ...each, help }));
    for (const format of [...formats, ...formats.toReversed()]) {
      const fresh = families.map((each) => ({
        ...each,
        series: [...each.series],
        origin: {},
      }));
      const expected = await write(fresh, format);
      assertEquals(await write(families, format), expected);
    }
  }
});

test("makeSeries() keeps labels of any length, whatever is in them", () => {
  const long = 'a\\"\n'.repeat(1_000_000);
  for (
    const labels of [
      {} as Record<string, string>,
      { a: "" },
      { a: "1", b: '",b="2' },
      { a: "\\", b: "\\n\n\\\\" },
      { a: long, b: long },
    ]
  ) assertEquals(makeSeries(labels, {}).labels, labels);
});

test("encode() follows the series of histograms that come and go", async () => {
  const histograms = writerOf("histogram", [1]);
  const lines = (...names: string[]) =>
    names.flatMap((n) => [
      `g_bucket{n="${n}",le="1"} ${n}`,
      `g_bucket{n="${n}",le="+Inf"} ${n}`,
      `g_sum{n="${n}"} ${n}`,
      `g_count{n="${n}"} ${n}`,
    ]);
  for (const names of [["1", "2", "3"], ["1", "3"], ["3", "4", "1"], ["4"]]) {
    assertEquals(await histograms(...names), lines(...names));
  }
});

test("encode() lets the event loop turn", async () => {
  const many = Array.from(
    { length: 200_000 },
    (_, n) => [{ n: String(n) }, n] as const,
  );
  const big = family("gauge", "g", many);
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  const bytes = await encode([big], TEXT_0_0_4);
  isDone = true;
  assert(turns > 5, `the event loop turned ${turns} times`);
  const lines = decoder.decode(bytes).split("\n");
  assertEquals(lines.length, 2 + 200_000 + 1);
  assertEquals(lines[200_001], 'g{n="199999"} 199999');
});

test("encode() keeps apart what it writes at once", async () => {
  const origin = {};
  const all = Array.from(
    { length: 4000 },
    (_, n): Series => ({ labels: { n: String(n) } }),
  );
  // Of one metric, at different moments: each lacks other series.
  const families = Array.from({ length: 6 }, (_, f) => {
    const series = all.filter((_, n) => n % 6 !== f || n < 1000 * f);
    const values = series.map(({ labels }) => Number(labels.n));
    return { ...family("gauge", "g", []), series, values, origin };
  });
  const together = await Promise.all(families.map((each) => write([each])));
  for (const [f, { series }] of families.entries()) {
    assertEquals(
      together[f].split("\n").slice(2, -1),
      series.map(({ labels: { n } }) => `g{n="${n}"} ${n}`),
    );
  }
});

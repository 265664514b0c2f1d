import { type Composition, MergedFamilies } from "../../src/families/merge.ts";
import { encode } from "../../src/formats/encode.ts";
import { OPENMETRICS_1_0_0, TEXT_0_0_4 } from "../../src/formats/format.ts";
import type { MetricFamily } from "../../src/types.ts";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "../_suite.ts";

const series = [{ labels: { a: "1" }, text: 'a="1"' }];
const origin = {};

function counter(value: number, more: Partial<MetricFamily> = {}) {
  const name = "jobs_total";
  const type = "counter" as const;
  return { name, help: "", type, series, values: [value], origin, ...more };
}

/** Merges families as those of one handler: one scrape after the other. */
function scrapes() {
  let last: Composition | undefined;
  return async (...parts: MetricFamily[][]) => {
    const merged = new MergedFamilies("underscores", last);
    for (const part of parts) await merged.add(part);
    last = merged.compose();
    return merged;
  };
}

async function textOf(
  merged: MergedFamilies,
  format = OPENMETRICS_1_0_0,
): Promise<string> {
  const bytes = await encode(merged.families, format, {
    composition: merged.compose(),
  });
  return new TextDecoder().decode(bytes);
}

test("MergedFamilies knows the families of the last scrape, but for their values", async () => {
  const scrape = scrapes();
  const composition = (await scrape([counter(1)])).compose();
  assertStrictEquals((await scrape([counter(2)])).compose(), composition);
  const others: Partial<MetricFamily>[] = [
    { help: "Jobs" },
    { name: "tasks_total" },
    { type: "gauge" },
    { series: [...series] },
    { origin: {} },
  ];
  for (const other of others) {
    const composition = (await scrape([counter(1)])).compose();
    const changed = await scrape([counter(1, other)]);
    assertEquals(changed.compose() === composition, false);
  }
});

test("MergedFamilies knows families again that came in two parts", async () => {
  const scrape = scrapes();
  const own = counter(1, { name: "own_total" });
  const first = await scrape([counter(1)], [own]);
  const second = await scrape([counter(3)], [own]);
  assertStrictEquals(second.compose(), first.compose());
  assertEquals(second.families.map(({ values }) => values[0]), [3, 1]);
});

test("MergedFamilies finds a conflict after families that came again", async () => {
  const first = new MergedFamilies("underscores");
  await first.add([counter(1)]);
  const merged = new MergedFamilies("underscores", first.compose());
  await merged.add([counter(1)]);
  const failures = await merged.add([counter(1, { type: "gauge" })]);
  assertEquals(failures.map(({ failure }) => failure), ["conflict"]);
  assertEquals(merged.families.length, 1);
  assertEquals(merged.compose(), undefined);
});

test("encode() writes the values of now, whatever they are, where all else is the same", async () => {
  const scrape = scrapes();
  const jobs = async (value: number) =>
    await textOf(await scrape([counter(value)]));
  const asCounter = (value: number) =>
    `# TYPE jobs counter\njobs_total{a="1"} ${value}\n# EOF\n`;
  assertEquals(await jobs(1), asCounter(1));
  assertEquals(await jobs(2), asCounter(2));
  assertEquals(
    await jobs(-1),
    '# TYPE jobs_total unknown\njobs_total{a="1"} -1\n# EOF\n',
  );
  assertEquals(await jobs(3), asCounter(3));
});

test("encode() keeps the formats of one scrape apart", async () => {
  const scrape = scrapes();
  for (let n = 0; n < 3; n++) {
    const merged = await scrape([counter(n)]);
    assertEquals(
      await textOf(merged, TEXT_0_0_4),
      `# TYPE jobs_total counter\njobs_total{a="1"} ${n}\n`,
    );
    assertEquals(
      await textOf(merged),
      `# TYPE jobs counter\njobs_total{a="1"} ${n}\n# EOF\n`,
    );
  }
});

test("encode() writes a summary that OpenMetrics cannot say as it is now", async () => {
  const scrape = scrapes();
  const name = "size_bytes";
  const type = "summary" as const;
  const quantiles = [{ labels: {}, bounds: [0.5], text: "" }];
  for (const [value, sum] of [[1, 2], [3, -1], [4, 5], [6, -2]]) {
    const values = [value, 1, sum];
    const family = { name, help: "", type, series: quantiles, values, origin };
    const text = await textOf(await scrape([family]));
    assertEquals(text.includes(`size_bytes_sum ${sum}\n`), true, text);
    assertEquals(text.includes("# TYPE size_bytes summary\n"), sum > 0, text);
    assertEquals(text.includes(`size_bytes{quantile="0.5"} ${value}\n`), true);
  }
});

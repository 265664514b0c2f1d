import { OPENMETRICS_1_0_0 } from "../../src/formats/format.ts";
import type { Exemplar, MetricFamily } from "../../src/types.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../_suite.ts";
import { family, JOBS, SECONDS, SIZES, write } from "./_families.ts";

test("encode() writes every type in OpenMetrics", async () => {
  assertEquals(
    await write([JOBS, SECONDS, SIZES], OPENMETRICS_1_0_0),
    `# HELP jobs help
# TYPE jobs counter
jobs_total 3
jobs_total{kind="a"} 0.5
# HELP job_seconds help
# TYPE job_seconds histogram
# UNIT job_seconds seconds
job_seconds_bucket{kind="a",le="0.5"} 1
job_seconds_bucket{kind="a",le="1.0"} 2
job_seconds_bucket{kind="a",le="+Inf"} 3
job_seconds_sum{kind="a"} 4.5
job_seconds_count{kind="a"} 3
# HELP size_bytes help
# TYPE size_bytes summary
# UNIT size_bytes bytes
size_bytes{quantile="0.5"} 10
size_bytes{quantile="1.0"} 20
size_bytes_sum 30
size_bytes_count 2
# EOF
`,
  );
});

test("encode() spells bounds canonically in OpenMetrics", async () => {
  const bounds: [number, string][] = [
    [0, "0.0"],
    [1, "1.0"],
    [-1, "-1.0"],
    [0.25, "0.25"],
    [999_999, "999999.0"],
    [1e6, "1e+06"],
    [1_234_567, "1.234567e+06"],
    [1e21, "1e+21"],
    [1e100, "1e+100"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [0.000012, "1.2e-05"],
  ];
  for (const [bound, text] of bounds) {
    const histogram = family("histogram", "h", [[{}, 1, 1, 1]], {
      bounds: [bound],
    });
    const written = await write([histogram], OPENMETRICS_1_0_0);
    // OpenMetrics has no histogram with negative values.
    if (bound >= 0) assertStringIncludes(written, `h_bucket{le="${text}"} 1\n`);
  }
});

test("encode() leaves a name that two families need in OpenMetrics to the one that needs fewer", async () => {
  const counter = family("counter", "job_total", [[{}, 3]]);
  const histogram = family("histogram", "job", [[{}, 1, 1, 1]], {
    bounds: [1],
  });
  // Neither has a sample of the name `job`, which both are called there.
  for (const families of [[counter, histogram], [histogram, counter]]) {
    const written = await write(families, OPENMETRICS_1_0_0);
    assertStringIncludes(written, "# TYPE job histogram\n");
    assertStringIncludes(written, "# TYPE job_total unknown\njob_total 3\n");
  }
});

test("encode() writes exemplars in OpenMetrics only, where they may be", async () => {
  const exemplar: Exemplar = {
    labels: { trace: 'a"b' },
    value: 0.7,
    timestamp: 1_700_000_000.5,
  };
  const untimed: Exemplar = { labels: {}, value: 3 };
  const counter = { ...JOBS, exemplars: new Map([[1, exemplar]]) };
  const histogram = {
    ...SECONDS,
    exemplars: new Map([[1, exemplar], [2, untimed]]),
  };
  const gauge = family("gauge", "g", [[{}, 1]], {
    exemplars: new Map([[0, exemplar]]),
  });
  const written = await write([counter, histogram, gauge], OPENMETRICS_1_0_0);
  assertEquals(
    written.split("\n").filter((line) => !line.startsWith("#")),
    [
      "jobs_total 3",
      'jobs_total{kind="a"} 0.5 # {trace="a\\"b"} 0.7 1700000000.5',
      'job_seconds_bucket{kind="a",le="0.5"} 1',
      'job_seconds_bucket{kind="a",le="1.0"} 2 # {trace="a\\"b"} 0.7 1700000000.5',
      'job_seconds_bucket{kind="a",le="+Inf"} 3 # {} 3',
      'job_seconds_sum{kind="a"} 4.5',
      'job_seconds_count{kind="a"} 3',
      "g 1",
      "",
    ],
  );
  assertEquals(
    (await write([counter, histogram, gauge])).includes(" # "),
    false,
  );
});

/** The lines of a family in OpenMetrics, without HELP. */
async function openMetricsLines(...families: MetricFamily[]) {
  return (await write(families, OPENMETRICS_1_0_0)).split("\n")
    .filter((line) => line !== "" && !/^# (HELP|EOF)/.test(line));
}

test("encode() keeps in OpenMetrics the names that counters have in text", async () => {
  assertEquals(
    await openMetricsLines(family("counter", "jobs", [[{}, 1]])),
    ["# TYPE jobs unknown", "jobs 1"],
  );
});

test("encode() makes unknown what OpenMetrics forbids, and loses none of it", async () => {
  const bounds = [-1];
  assertEquals(
    await openMetricsLines(
      family("counter", "a_total", [[{}, NaN]]),
      family("counter", "b_total", [[{}, -1]]),
      family("histogram", "c", [[{ x: "1" }, 1, 2, 0.5]], { bounds }),
      family("histogram", "d", [[{}, 1, -1]]),
      family("summary", "e", [[{}, -3, 1, 3]], { bounds: [0.5] }),
      family("summary", "f", [[{}, 1, 1, 1]], { bounds: [50] }),
    ),
    [
      "# TYPE a_total unknown",
      "a_total NaN",
      "# TYPE b_total unknown",
      "b_total -1",
      "# TYPE c_bucket unknown",
      'c_bucket{x="1",le="-1"} 1',
      'c_bucket{x="1",le="+Inf"} 2',
      "# TYPE c_sum unknown",
      'c_sum{x="1"} 0.5',
      "# TYPE c_count unknown",
      'c_count{x="1"} 2',
      "# TYPE d_bucket unknown",
      'd_bucket{le="+Inf"} 1',
      "# TYPE d_sum unknown",
      "d_sum -1",
      "# TYPE d_count unknown",
      "d_count 1",
      "# TYPE e unknown",
      'e{quantile="0.5"} -3',
      "# TYPE e_sum unknown",
      "e_sum 3",
      "# TYPE e_count unknown",
      "e_count 1",
      "# TYPE f unknown",
      'f{quantile="50"} 1',
      "# TYPE f_sum unknown",
      "f_sum 1",
      "# TYPE f_count unknown",
      "f_count 1",
    ],
  );
});

test("encode() lets a counter give way whose OpenMetrics name is taken", async () => {
  const types = async (...families: MetricFamily[]) =>
    (await openMetricsLines(...families)).filter((line) =>
      line.startsWith("# TYPE")
    );
  const jobs = family("counter", "jobs_total", [[{}, 1]]);
  assertEquals(await types(jobs, family("gauge", "jobs", [[{}, 1]])), [
    "# TYPE jobs_total unknown",
    "# TYPE jobs gauge",
  ]);
  assertEquals(await types(jobs, family("counter", "jobs", [[{}, 1]])), [
    "# TYPE jobs_total unknown",
    "# TYPE jobs unknown",
  ]);
  assertEquals(await types(jobs, family("gauge", "jobs_created", [[{}, 1]])), [
    "# TYPE jobs_total unknown",
    "# TYPE jobs_created gauge",
  ]);
  assertEquals(await types(jobs, family("gauge", "job", [[{}, 1]])), [
    "# TYPE jobs counter",
    "# TYPE job gauge",
  ]);
});

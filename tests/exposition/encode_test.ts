import { encode } from "../../src/exposition/encode.ts";
import {
  type Format,
  OPENMETRICS_1_0_0,
  TEXT_0_0_4,
  TEXT_1_0_0,
  withEscaping,
} from "../../src/exposition/format.ts";
import type { Exemplar, MetricFamily, Series } from "../../src/types.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../_suite.ts";

const decoder = new TextDecoder();

async function write(
  families: readonly MetricFamily[],
  format: Format = TEXT_0_0_4,
): Promise<string> {
  return decoder.decode(await encode(families, format));
}

function family(
  type: MetricFamily["type"],
  name: string,
  rows: readonly (readonly [Series["labels"], ...number[]])[],
  options: Partial<MetricFamily> & { bounds?: readonly number[] } = {},
): MetricFamily {
  const { bounds, help = "help", ...rest } = options;
  return {
    name,
    help,
    type,
    series: rows.map(([labels]) => ({ labels, bounds })),
    values: rows.flatMap(([, ...values]) => values),
    ...rest,
  };
}

const JOBS = family("counter", "jobs_total", [[{}, 3], [{ kind: "a" }, 0.5]]);
const SECONDS = family(
  "histogram",
  "job_seconds",
  [[{ kind: "a" }, 1, 2, 3, 4.5]],
  { bounds: [0.5, 1] },
);
const SIZES = family("summary", "size_bytes", [[{}, 10, 20, 2, 30]], {
  bounds: [0.5, 1],
});

test("encode() writes every type in text 0.0.4", async () => {
  const temperature = family("gauge", "temp", [[{ at: "home" }, -1.5]]);
  const other = family("unknown", "other", [[{}, 1]]);
  assertEquals(
    await write([JOBS, temperature, SECONDS, SIZES, other]),
    `# HELP jobs_total help
# TYPE jobs_total counter
jobs_total 3
jobs_total{kind="a"} 0.5
# HELP temp help
# TYPE temp gauge
temp{at="home"} -1.5
# HELP job_seconds help
# TYPE job_seconds histogram
job_seconds_bucket{kind="a",le="0.5"} 1
job_seconds_bucket{kind="a",le="1"} 2
job_seconds_bucket{kind="a",le="+Inf"} 3
job_seconds_sum{kind="a"} 4.5
job_seconds_count{kind="a"} 3
# HELP size_bytes help
# TYPE size_bytes summary
size_bytes{quantile="0.5"} 10
size_bytes{quantile="1"} 20
size_bytes_sum 30
size_bytes_count 2
# HELP other help
# TYPE other untyped
other 1
`,
  );
});

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

test("encode() writes nothing for no families, and EOF in OpenMetrics", async () => {
  assertEquals(await write([]), "");
  assertEquals(await write([], OPENMETRICS_1_0_0), "# EOF\n");
});

test("encode() leaves out an empty help", async () => {
  const gauge = family("gauge", "g", [[{}, 1]], { help: "" });
  assertEquals(await write([gauge]), "# TYPE g gauge\ng 1\n");
});

test("encode() spells numbers as the formats and JavaScript do", async () => {
  const numbers: [number, string][] = [
    [0, "0"],
    [-0, "0"],
    [7, "7"],
    [10, "10"],
    [123, "123"],
    [9999, "9999"],
    [10_000, "10000"],
    [10_203, "10203"],
    [99_999_999, "99999999"],
    [100_000_000, "100000000"],
    [2 ** 31, "2147483648"],
    [2 ** 53, "9007199254740992"],
    [-1, "-1"],
    [0.1, "0.1"],
    [1e21, "1e+21"],
    [5e-324, "5e-324"],
    [-1.7976931348623157e308, "-1.7976931348623157e+308"],
    [NaN, "NaN"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
  ];
  for (const [number, text] of numbers) {
    const gauge = family("gauge", "g", [[{}, number]]);
    assertStringIncludes(await write([gauge]), `\ng ${text}\n`);
  }
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
    // What is negative is not a histogram to OpenMetrics.
    if (bound >= 0) assertStringIncludes(written, `h_bucket{le="${text}"} 1\n`);
  }
});

test("encode() escapes label values alike, and helps as each format does", async () => {
  const gauge = family("gauge", "g", [[{ path: 'C:\\"a"\n' }, 1]], {
    help: 'back\\slash\n"quoted"',
  });
  assertEquals(
    await write([gauge]),
    `# HELP g back\\\\slash\\n"quoted"
# TYPE g gauge
g{path="C:\\\\\\"a\\"\\n"} 1
`,
  );
  assertEquals(
    await write([gauge], OPENMETRICS_1_0_0),
    `# HELP g back\\\\slash\\n\\"quoted\\"
# TYPE g gauge
g{path="C:\\\\\\"a\\"\\n"} 1
# EOF
`,
  );
});

test("encode() writes names by the escaping scheme", async () => {
  const gauge = family("gauge", "my.größe_1", [[
    { "the.key": "v", ok_1: "w" },
    1,
  ]]);
  const line = async (scheme: Parameters<typeof withEscaping>[1]) =>
    (await write([gauge], withEscaping(TEXT_1_0_0, scheme))).split("\n").slice(
      0,
      3,
    );
  assertEquals(await line("allow-utf-8"), [
    '# HELP "my.größe_1" help',
    '# TYPE "my.größe_1" gauge',
    '{"my.größe_1","the.key"="v",ok_1="w"} 1',
  ]);
  assertEquals(await line("underscores"), [
    "# HELP my_gr__e_1 help",
    "# TYPE my_gr__e_1 gauge",
    'my_gr__e_1{the_key="v",ok_1="w"} 1',
  ]);
  assertEquals(await line("dots"), [
    "# HELP my_dot_gr__e__1 help",
    "# TYPE my_dot_gr__e__1 gauge",
    'my_dot_gr__e__1{the_dot_key="v",ok__1="w"} 1',
  ]);
  assertEquals(await line("values"), [
    "# HELP U__my_2e_gr_f6__df_e__1 help",
    "# TYPE U__my_2e_gr_f6__df_e__1 gauge",
    'U__my_2e_gr_f6__df_e__1{U__the_2e_key="v",ok_1="w"} 1',
  ]);
  // Prometheus before 3.0 knows no scheme.
  assertStringIncludes(
    await write([gauge]),
    'my_gr__e_1{the_key="v",ok_1="w"}',
  );
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

test("encode() writes names apart that the escaping scheme makes alike", async () => {
  const gauges = ["a.b", "a_b", "a-b"].map((name) =>
    family("gauge", name, [[{}, 1]])
  );
  assertEquals(
    (await write(gauges)).split("\n").filter((line) => line && line[0] !== "#"),
    ["U__a_2e_b 1", "a_b 1", "U__a_2d_b 1"],
  );
});

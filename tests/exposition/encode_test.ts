import {
  OPENMETRICS_1_0_0,
  TEXT_1_0_0,
  withEscaping,
} from "../../src/formats/format.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../_suite.ts";
import { family, JOBS, SECONDS, SIZES, write } from "./_families.ts";

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
    "# HELP my_dot_gr____e__1 help",
    "# TYPE my_dot_gr____e__1 gauge",
    'my_dot_gr____e__1{the_dot_key="v",ok__1="w"} 1',
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

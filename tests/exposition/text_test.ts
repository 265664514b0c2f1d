import { encodeText } from "../../src/exposition/text.ts";
import type { MetricFamily, Sample } from "../../src/types.ts";
import { assertEquals } from "@std/assert";
import { execFileSync } from "node:child_process";
import { missing, serverPath } from "../../tools/servers/locate.ts";
import { test } from "../_suite.ts";

const HISTOGRAM: MetricFamily = {
  name: "job_seconds",
  help: "Time",
  type: "histogram",
  samples: [
    { name: "job_seconds_bucket", labels: { le: 0.5 }, value: 1 },
    { name: "job_seconds_bucket", labels: { le: "+Inf" }, value: 2 },
    { name: "job_seconds_sum", labels: {}, value: 1.25 },
    { name: "job_seconds_count", labels: {}, value: 2 },
  ],
};

const gauge = (
  labels: Sample["labels"],
  value: number,
  help = "help",
): MetricFamily => ({
  name: "g",
  help,
  type: "gauge",
  samples: [{ name: "g", labels, value }],
});

test("encodeText() writes HELP, TYPE and the samples of each family", () => {
  const families: MetricFamily[] = [
    {
      name: "jobs_total",
      help: "Jobs done",
      type: "counter",
      samples: [
        { name: "jobs_total", labels: {}, value: 3 },
        { name: "jobs_total", labels: { kind: "a", n: 1 }, value: 0.5 },
      ],
    },
    HISTOGRAM,
  ];
  assertEquals(
    encodeText(families),
    `# HELP jobs_total Jobs done
# TYPE jobs_total counter
jobs_total 3
jobs_total{kind="a",n="1"} 0.5
# HELP job_seconds Time
# TYPE job_seconds histogram
job_seconds_bucket{le="0.5"} 1
job_seconds_bucket{le="+Inf"} 2
job_seconds_sum 1.25
job_seconds_count 2
`,
  );
});

test("encodeText() spells NaN and the infinities as the format does", () => {
  const line = (value: number) => encodeText([gauge({}, value)]).split("\n")[2];
  assertEquals(line(NaN), "g NaN");
  assertEquals(line(Infinity), "g +Inf");
  assertEquals(line(-Infinity), "g -Inf");
  assertEquals(line(1e21), "g 1e+21");
});

test("encodeText() escapes help texts and label values", () => {
  assertEquals(
    encodeText([gauge({ path: 'C:\\"a"\n' }, 1, 'back\\slash\n"quoted"')]),
    `# HELP g back\\\\slash\\n"quoted"
# TYPE g gauge
g{path="C:\\\\\\"a\\"\\n"} 1
`,
  );
});

test("encodeText() writes nothing for no families", () => {
  assertEquals(encodeText([]), "");
});

test(
  "encodeText() writes what promtool accepts",
  { skip: missing("promtool") },
  () => {
    const text = encodeText([
      gauge({ path: 'C:\\"a"\n', empty: "" }, NaN, 'back\\slash\n"quoted" é'),
      HISTOGRAM,
    ]);
    // It ends with a code other than 0 for what it cannot read or advises against.
    execFileSync(serverPath("promtool"), ["check", "metrics"], { input: text });
  },
);

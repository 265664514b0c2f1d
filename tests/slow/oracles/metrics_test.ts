import { assertEquals } from "@std/assert";
import { client } from "../../_client.ts";
import { test } from "../../_suite.ts";
import {
  judge,
  type Labels,
  ORACLES,
  sample,
  samplesOf,
  typesOf,
} from "./_judge.ts";
import type { ParsedSample } from "./_oracles.ts";

test("promtool and Python accept every type of metric", ORACLES, async () => {
  const { Counter, Gauge, Histogram, Registry, Summary } = client;
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "starts_total", help: "Starts", registers }).inc(1.5);
  new Gauge({
    name: "temperature_celsius",
    help: "Temperature",
    labelNames: ["at", "in"],
    registers,
  }).labels("home", "kitchen").set(-1.5e-7);
  new Histogram({
    name: "job_duration_seconds",
    help: "Time of jobs",
    labelNames: ["kind"],
    buckets: [0.25, 1, 1e6],
    registers,
  }).labels("a").observe(0.5);
  new Summary({
    name: "answer_size_bytes",
    help: "Size of answers",
    percentiles: [0.5, 1],
    registers,
  }).observe(2 ** 53);
  assertEquals(await judge(registry), [
    {
      name: "starts",
      type: "counter",
      unit: "",
      documentation: "Starts",
      samples: [sample("starts_total", {}, 1.5)],
    },
    {
      name: "temperature_celsius",
      type: "gauge",
      unit: "celsius",
      documentation: "Temperature",
      samples: [
        sample("temperature_celsius", { at: "home", in: "kitchen" }, -1.5e-7),
      ],
    },
    {
      name: "job_duration_seconds",
      type: "histogram",
      unit: "seconds",
      documentation: "Time of jobs",
      samples: [
        ...Object.entries({ "0.25": 0, "1.0": 1, "1e+06": 1, "+Inf": 1 }).map(
          ([le, value]) =>
            sample("job_duration_seconds_bucket", { kind: "a", le }, value),
        ),
        sample("job_duration_seconds_sum", { kind: "a" }, 0.5),
        sample("job_duration_seconds_count", { kind: "a" }, 1),
      ],
    },
    {
      name: "answer_size_bytes",
      type: "summary",
      unit: "bytes",
      documentation: "Size of answers",
      samples: [
        sample("answer_size_bytes", { quantile: "0.5" }, 2 ** 53),
        sample("answer_size_bytes", { quantile: "1.0" }, 2 ** 53),
        sample("answer_size_bytes_sum", {}, 2 ** 53),
        sample("answer_size_bytes_count", {}, 1),
      ],
    },
  ]);
});

test(
  "promtool and Python accept metrics without samples",
  ORACLES,
  async () => {
    const { Counter, Gauge, Histogram, Registry, Summary } = client;
    const registry = new Registry();
    const options = {
      help: "None",
      labelNames: ["kind"],
      registers: [registry],
    };
    new Counter({ name: "jobs_total", ...options });
    new Gauge({ name: "temperature_celsius", ...options });
    new Histogram({ name: "job_duration_seconds", ...options });
    new Summary({ name: "answer_size_bytes", ...options });
    const families = await judge(registry);
    assertEquals(
      families.map(({ name, type, samples }) => [name, type, samples]),
      [
        ["jobs", "counter", []],
        ["temperature_celsius", "gauge", []],
        ["job_duration_seconds", "histogram", []],
        ["answer_size_bytes", "summary", []],
      ],
    );
  },
);

test("promtool and Python accept an empty registry", ORACLES, async () => {
  assertEquals(await judge(new client.Registry()), []);
});

test("NaN and infinities of gauges survive", ORACLES, async () => {
  const registry = new client.Registry();
  const gauge = new client.Gauge({
    name: "level",
    help: "Level",
    labelNames: ["at"],
    registers: [registry],
  });
  const values = [NaN, Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE];
  for (const [at, value] of values.entries()) gauge.set({ at }, value);
  assertEquals(
    samplesOf(await judge(registry), "level").map(([, { at }, value]) => [
      at,
      String(value),
    ]),
    values.map((value, at) => [String(at), String(value)]),
  );
});

test("help texts with any character survive", ORACLES, async () => {
  const helps = [
    'the "quoted"',
    "C:\\new\\",
    "two\nlines",
    '\\n \\" \\\\',
    " spaces  between and behind ",
    "# TYPE help_0 counter",
    "👩‍👩‍👧‍👦 😀 €",
  ];
  const registry = new client.Registry();
  for (const [i, help] of helps.entries()) {
    new client.Gauge({ name: `help_${i}`, help, registers: [registry] });
  }
  const families = await judge(registry);
  assertEquals(families.map(({ documentation }) => documentation), helps);
});

test(
  "exemplars are served in OpenMetrics, and there alone",
  ORACLES,
  async () => {
    const registry = new client.Registry<
      typeof client.openMetricsContentType
    >();
    registry.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
    const options = {
      labelNames: ["kind"],
      enableExemplars: true,
      registers: [registry],
    };
    const counter = new client.Counter({
      name: "jobs_total",
      help: "Jobs",
      ...options,
    });
    const histogram = new client.Histogram({
      name: "job_duration_seconds",
      help: "Time of jobs",
      buckets: [1, 2],
      ...options,
    });
    const started = Date.now() / 1000;
    const labels = { kind: "a # {" };
    const quoted = { trace_id: 'a "quoted" \\ id\n', span: "😀 # " };
    counter.inc({ labels, value: 3, exemplarLabels: quoted });
    counter.inc({ labels: { kind: "b" }, value: 4 });
    const observations: Labels[] = [{ trace_id: "1" }, {}, { trace_id: "3" }];
    for (const [value, exemplarLabels] of observations.entries()) {
      histogram.observe({ labels, value: value + 0.5, exemplarLabels });
    }
    // Unknown metrics of OpenMetrics cannot have any.
    new client.Counter({ name: "broken_total", help: "Broken", ...options })
      .inc({ labels, value: NaN, exemplarLabels: quoted });
    const families = await judge(registry);
    assertEquals(typesOf(families), {
      jobs: "counter",
      job_duration_seconds: "histogram",
      broken_total: "unknown",
    });
    const samples = families.flatMap(({ samples }) => samples);
    for (const { exemplar } of samples) {
      const { timestamp = started } = exemplar ?? {};
      const isRecent = timestamp >= started && timestamp <= Date.now() / 1000;
      assertEquals(isRecent, true, `timestamp ${timestamp}`);
      delete exemplar?.timestamp;
    }
    const bucket = (le: string, value: number, trace_id?: string) => ({
      ...sample("job_duration_seconds_bucket", { ...labels, le }, value),
      ...trace_id && { exemplar: { labels: { trace_id }, value: value - 0.5 } },
    });
    assertEquals<ParsedSample[]>(samples, [
      {
        ...sample("jobs_total", labels, 3),
        exemplar: { labels: quoted, value: 3 },
      },
      sample("jobs_total", { kind: "b" }, 4),
      bucket("1.0", 1, "1"),
      bucket("2.0", 2),
      bucket("+Inf", 3, "3"),
      sample("job_duration_seconds_sum", labels, 4.5),
      sample("job_duration_seconds_count", labels, 3),
      sample("broken_total", labels, NaN),
    ]);
  },
);

test("promtool and Python accept ten thousand series", ORACLES, async () => {
  const registry = new client.Registry();
  const gauge = new client.Gauge({
    name: "level",
    help: "Level",
    labelNames: ["at", "id"],
    registers: [registry],
  });
  for (let id = 0; id < 10_000; id++) gauge.set({ at: `"${id}"`, id }, id / 8);
  const samples = samplesOf(await judge(registry), "level");
  assertEquals(samples.length, 10_000);
  const wrong = samples.filter(([, { at, id }, value], i) =>
    at !== `"${i}"` || id !== String(i) || value !== i / 8
  );
  assertEquals(wrong, []);
});

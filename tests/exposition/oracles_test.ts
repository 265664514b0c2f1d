import { metricsHandler } from "../../src/exposition/mod.ts";
import type { Registry } from "../../src/types.ts";
import { assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import { missing } from "../../tools/servers/locate.ts";
import { client, clientName } from "../_client.ts";
import { test } from "../_suite.ts";
import {
  checkWithPromtool,
  type ParsedFamily,
  type ParsedSample,
  parseWithPython,
  type Verdict,
} from "./_oracles.ts";

const ORACLES = { skip: missing("promtool", "openmetrics-parser") };

/** What promtool says of what it has nothing to say of. */
const GOOD: Verdict = { code: 0, output: "" };

type Labels = Record<string, string>;

/** Labels as a program in JavaScript may give them. */
type AnyLabels = Record<string, unknown>;

/**
 * Serves a registry in both formats, has promtool and Python judge them, and
 * yields what is in them.
 */
async function judge(
  registry: Registry,
  verdict: Verdict = GOOD,
): Promise<ParsedFamily[]> {
  const errors: unknown[] = [];
  const handler = metricsHandler({
    registry,
    onError: (error) => void errors.push(error),
  });
  async function scrape(contentType: string): Promise<Uint8Array> {
    const { headers, body } = await handler(
      new Request("http://localhost/metrics", {
        headers: { accept: contentType },
      }),
    );
    assertEquals(headers.get("content-type"), `${contentType}; charset=utf-8`);
    return new Uint8Array(await new Response(body).arrayBuffer());
  }
  const text = await scrape("text/plain; version=0.0.4");
  const openMetrics = await scrape(
    "application/openmetrics-text; version=1.0.0",
  );
  assertEquals(errors, []);
  const [checked, families, samples] = await Promise.all([
    checkWithPromtool(text),
    parseWithPython(openMetrics),
    samplesInText(text),
  ]);
  assertEquals(checked, verdict);
  assertEquals(comparable(families), comparable(samples));
  return families;
}

/** Parses what is in text format, without the types: they rename samples. */
async function samplesInText(text: Uint8Array): Promise<ParsedFamily[]> {
  const samples = new TextDecoder().decode(text).replaceAll(/^#.*\n/gm, "");
  return await parseWithPython(new TextEncoder().encode(samples), "text");
}

/** Samples as both formats have them: in any order, bounds spelled anyhow. */
function comparable(families: ParsedFamily[]): string[] {
  return families.flatMap(({ samples }) => samples)
    .map(({ name, labels, value }) => {
      const { le, quantile, ...own } = labels;
      return JSON.stringify([
        name,
        Object.entries(own).sort(),
        [le, quantile].map((bound) => bound && String(parseFloat(bound))),
        String(value),
      ]);
    })
    .sort();
}

/** Finds the family of a name and yields its samples. */
function samplesOf(
  families: ParsedFamily[],
  name: string,
): [name: string, labels: Labels, value: number][] {
  const { samples } = families.find((family) => family.name === name)!;
  return samples.map(({ name, labels, value }) => [name, labels, value]);
}

const typesOf = (families: ParsedFamily[]) =>
  Object.fromEntries(families.map(({ name, type }) => [name, type]));

const sample = (
  name: string,
  labels: Labels,
  value: number,
): ParsedSample => ({ name, labels, value });

/** Serves a gauge with the label sets, and yields what became of them. */
async function judgeLabels(
  labelSets: readonly AnyLabels[],
  registry: promClient.Registry = new client.Registry(),
): Promise<Labels[]> {
  const gauge = new client.Gauge({
    name: "labelled",
    help: "Labelled",
    labelNames: [...new Set(labelSets.flatMap(Object.keys))],
    registers: [registry],
  });
  for (const [value, labels] of labelSets.entries()) {
    gauge.set(labels as Labels, value);
  }
  const samples = samplesOf(await judge(registry), "labelled");
  assertEquals(samples.map(([, , value]) => value), [...labelSets.keys()]);
  return samples.map(([, labels]) => labels);
}

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

test(
  "a counter that became NaN is served, in OpenMetrics as unknown",
  ORACLES,
  async () => {
    const registry = new client.Registry();
    new client.Counter({
      name: "broken_total",
      help: "Broken",
      registers: [registry],
    }).inc(NaN);
    const families = await judge(registry);
    assertEquals(typesOf(families), { broken_total: "unknown" });
    assertEquals(samplesOf(families, "broken_total"), [[
      "broken_total",
      {},
      NaN,
    ]]);
  },
);

test("label values with any character survive", ORACLES, async () => {
  const values = [
    "",
    '"',
    "\\",
    "\n",
    "\\n",
    '\\"',
    '\\\\n"',
    "ends in \\",
    "\r\n\t\0\x7f\u2028",
    " spaces ",
    '{a="b",c="d"} 1 # {e="f"} 2',
    "# EOF",
    "äöü €",
    "👩‍👩‍👧‍👦 😀",
    "__proto__",
    "x".repeat(10_000),
  ];
  const labels = await judgeLabels(values.map((text) => ({ id: "1", text })));
  assertEquals(labels.map(({ text }) => text), values);
});

test(
  "a lone surrogate in a label value becomes a replacement character",
  ORACLES,
  async () => {
    assertEquals(
      await judgeLabels([{ text: "a\ud83d" }, { text: "\ude00b" }]),
      [{ text: "a\ufffd" }, { text: "\ufffdb" }],
    );
  },
);

test("label values that are not strings become such", ORACLES, async () => {
  const values: unknown[] = [
    0,
    1.5,
    -Infinity,
    NaN,
    true,
    10n ** 20n,
    { a: 1 },
    { toString: () => 'quoted "\\\n' },
    ["\\", '"', "\n"],
    new URL("http://localhost/?a=%22"),
    /"\n/,
  ];
  assertEquals(
    await judgeLabels(values.map((a) => ({ a }))),
    values.map((a) => ({ a: String(a) })),
  );
});

test("an undefined label value is no label", ORACLES, async () => {
  assertEquals(
    await judgeLabels([
      { a: "1", b: undefined },
      { a: undefined, b: "2" },
      { a: undefined, b: undefined },
    ]),
    [{ a: "1" }, { b: "2" }, {}],
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
  "a counter without _total is unknown in OpenMetrics, under its own name",
  ORACLES,
  async () => {
    const registry = new client.Registry();
    const registers = [registry];
    new client.Counter({ name: "runs", help: "Runs", registers }).inc(2);
    new client.Counter({ name: "jobs_total", help: "Jobs", registers }).inc(3);
    const families = await judge(registry, {
      code: 3,
      output: 'runs counter metrics should have "_total" suffix\n',
    });
    assertEquals(typesOf(families), { runs: "unknown", jobs: "counter" });
    assertEquals(samplesOf(families, "runs"), [["runs", {}, 2]]);
    assertEquals(samplesOf(families, "jobs"), [["jobs_total", {}, 3]]);
  },
);

for (const gauge of ["jobs", "jobs_created"]) {
  test(
    `a gauge ${gauge} is served beside a counter jobs_total`,
    ORACLES,
    async () => {
      const { Counter, Gauge, Registry } = client;
      for (const order of [[Counter, Gauge], [Gauge, Counter]]) {
        const registry = new Registry();
        for (const Metric of order) {
          const name = Metric === Gauge ? gauge : "jobs_total";
          new Metric({ name, help: "Jobs", registers: [registry] }).inc();
        }
        const families = await judge(registry);
        assertEquals(typesOf(families), {
          [gauge]: "gauge",
          jobs_total: "unknown",
        });
        assertEquals(samplesOf(families, gauge), [[gauge, {}, 1]]);
        assertEquals(samplesOf(families, "jobs_total"), [[
          "jobs_total",
          {},
          1,
        ]]);
      }
    },
  );
}

test(
  "promtool and Python accept metrics whose names hold each other's",
  ORACLES,
  async () => {
    const pairs = [
      ["Counter jobs_total", "Counter jobs_total_total"],
      ["Summary jobs", "Histogram jobs_created"],
      ["Summary jobs", "Counter jobs_sum_total"],
      ["Counter jobs_total", "Counter jobs_created_total"],
    ];
    for (const pair of pairs.flatMap((pair) => [pair, pair.toReversed()])) {
      const registry = new client.Registry();
      for (const metric of pair) {
        const [Type, name] = metric.split(" ");
        const registers = [registry];
        new client[Type as "Gauge"]({ name, help: metric, registers });
      }
      await judge(registry);
    }
  },
);

/** A registry with a histogram that has observed each value in its own series. */
function observed(
  buckets: number[],
  ...values: number[]
): promClient.Registry {
  const registry = new client.Registry();
  const histogram = new client.Histogram({
    name: "change",
    help: "Change",
    labelNames: ["kind"],
    buckets,
    registers: [registry],
  });
  for (const [kind, value] of values.entries()) {
    histogram.observe({ kind }, value);
  }
  return registry;
}

test(
  "a histogram with negative buckets keeps its samples",
  ORACLES,
  async () => {
    const families = await judge(observed([-2, 0, 1.5], -0.5, 2));
    assertEquals(typesOf(families), {
      change_bucket: "unknown",
      change_sum: "unknown",
      change_count: "unknown",
    });
    const bucket = (kind: string, le: string, value: number) =>
      ["change_bucket", { kind, le }, value] as const;
    assertEquals<unknown>(samplesOf(families, "change_bucket"), [
      bucket("0", "-2", 0),
      bucket("0", "0", 1),
      bucket("0", "1.5", 1),
      bucket("0", "+Inf", 1),
      bucket("1", "-2", 0),
      bucket("1", "0", 0),
      bucket("1", "1.5", 0),
      bucket("1", "+Inf", 1),
    ]);
    assertEquals(samplesOf(families, "change_sum"), [
      ["change_sum", { kind: "0" }, -0.5],
      ["change_sum", { kind: "1" }, 2],
    ]);
    assertEquals(samplesOf(families, "change_count"), [
      ["change_count", { kind: "0" }, 1],
      ["change_count", { kind: "1" }, 1],
    ]);
  },
);

test("a histogram with a negative sum keeps its samples", ORACLES, async () => {
  const families = await judge(observed([1], 2, -0.5));
  assertEquals(typesOf(families), {
    change_bucket: "unknown",
    change_sum: "unknown",
    change_count: "unknown",
  });
  assertEquals(samplesOf(families, "change_sum"), [
    ["change_sum", { kind: "0" }, 2],
    ["change_sum", { kind: "1" }, -0.5],
  ]);
});

test(
  "a summary with negative quantiles keeps its samples",
  ORACLES,
  async () => {
    const registry = new client.Registry();
    const summary = new client.Summary({
      name: "change",
      help: "Change",
      percentiles: [0.01, 1],
      registers: [registry],
    });
    for (const value of [-1, 3]) summary.observe(value);
    const families = await judge(registry);
    assertEquals(typesOf(families), {
      change: "unknown",
      change_sum: "unknown",
      change_count: "unknown",
    });
    assertEquals(families.map(({ name }) => samplesOf(families, name)), [
      [
        ["change", { quantile: "0.01" }, -1],
        ["change", { quantile: "1" }, 3],
      ],
      [["change_sum", {}, 2]],
      [["change_count", {}, 2]],
    ]);
  },
);

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
    // What is unknown in OpenMetrics cannot have any.
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

test(
  "default labels are served, unless a metric has its own",
  ORACLES,
  async () => {
    const registry = new client.Registry();
    registry.setDefaultLabels({ app: 'the "demo"\n', build: 7, a: "default" });
    const defaults = { app: 'the "demo"\n', build: "7" };
    new client.Summary({
      name: "sizes",
      help: "Sizes",
      percentiles: [0.5],
      registers: [registry],
    }).observe(1);
    assertEquals(
      await judgeLabels([{ a: "own" }, { a: "" }, {}], registry),
      [
        { ...defaults, a: "own" },
        { ...defaults, a: "" },
        { ...defaults, a: "default" },
      ],
    );
    assertEquals(samplesOf(await judge(registry), "sizes"), [
      ["sizes", { ...defaults, a: "default", quantile: "0.5" }, 1],
      ["sizes_sum", { ...defaults, a: "default" }, 1],
      ["sizes_count", { ...defaults, a: "default" }, 1],
    ]);
  },
);

test(
  "default labels le and quantile give way to the metric's own",
  ORACLES,
  async () => {
    const bounds = { le: ["2.0", "+Inf"], quantile: ["0.5"] };
    for (const [label, expected] of Object.entries(bounds)) {
      const registry = new client.Registry();
      registry.setDefaultLabels({ [label]: "1" });
      const options = { name: "sizes", help: "Help", registers: [registry] };
      const metric = label === "le"
        ? new client.Histogram({ ...options, buckets: [2] })
        : new client.Summary({ ...options, percentiles: [0.5] });
      metric.observe(1);
      assertEquals(
        samplesOf(await judge(registry), "sizes")
          .filter(([name]) => !/_(sum|count)$/.test(name))
          .map(([, labels]) => labels[label]),
        expected,
      );
    }
  },
);

test(
  "label sets that the client takes for one are one series",
  ORACLES,
  async () => {
    const registry = new client.Registry();
    const counter = new client.Counter({
      name: "jobs_total",
      help: "Jobs",
      labelNames: ["a", "b"],
      registers: [registry],
    });
    const [first, second] = {
      "prom-client": [{ a: "1,b:2", b: "3" }, { a: "1", b: "2,b:3" }],
      "@prometheus-io/client": [{ a: "1|2", b: "3" }, { a: "1", b: "2|3" }],
    }[clientName];
    counter.inc(first);
    counter.inc(second);
    assertEquals(samplesOf(await judge(registry), "jobs"), [
      ["jobs_total", first, 2],
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

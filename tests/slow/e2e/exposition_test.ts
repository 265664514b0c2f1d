import type { Registry } from "../../../src/types.ts";
import { startHttpServer } from "../../../src/server/mod.ts";
import { assert } from "@std/assert";
import { missing } from "../../../tools/servers/locate.ts";
import { client } from "../../_client.ts";
import { test } from "../../_suite.ts";
import { assertSoon } from "../../_wait.ts";
import { type Prometheus, whileScraped } from "../../e2e/_prometheus.ts";

type Labels = Record<string, string>;

/** A sample, spelled so that it can be compared. */
function spell(name: string, labels: Labels, value: number): string {
  return JSON.stringify([name, Object.entries(labels).sort(), String(value)]);
}

const TEXTS = [
  '"',
  "\\",
  "\n",
  '\\n"',
  "ends in \\",
  "\r\n\t\0\x7f\u2028",
  '{a="b"} 1 # {c="d"} 2',
  "# EOF",
  "👩‍👩‍👧‍👦 😀",
  "x".repeat(1000),
];
const NUMBERS = [NaN, Infinity, -Infinity, 5e-324, -1.5e300, 2 ** 53];
// Without what is escaped: Prometheus stores exemplars' labels as written.
const TRACE = { trace_id: "a # {b='c'} 1", span: "😀" };

/** A registry with what is hard to serve, and what Prometheus makes of it. */
function difficultRegistry() {
  const { Counter, Gauge, Histogram, Registry, Summary } = client;
  const registry = new Registry<typeof client.openMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  registry.setDefaultLabels({ app: 'the "demo"\n', at: "default" });
  const defaults = { app: 'the "demo"\n', at: "default" };
  const registers = [registry];
  const help = '"Help" \\ with\neverything';
  const samples: string[] = [];
  const expect = (name: string, value: number, labels: Labels = {}) =>
    void samples.push(spell(name, { ...defaults, ...labels }, value));

  const texts = new Gauge({
    name: "texts",
    help,
    labelNames: ["text", "at"],
    registers,
  });
  for (const [value, text] of TEXTS.entries()) {
    texts.set({ text, at: "own" }, value);
    expect("texts", value, { text, at: "own" });
  }
  texts.set({ text: "lone \ud83d" }, -1);
  expect("texts", -1, { text: "lone \ufffd" });
  texts.set({ text: [1, '"'] as unknown as string }, -2);
  expect("texts", -2, { text: '1,"' });

  const numbers = new Gauge({
    name: "numbers",
    help,
    labelNames: ["n"],
    registers,
  });
  for (const [n, value] of NUMBERS.entries()) {
    numbers.set({ n }, value);
    expect("numbers", value, { n: String(n) });
  }

  new Counter({ name: "empty_total", help, labelNames: ["n"], registers });
  new Counter({ name: "runs", help, registers }).inc(2);
  expect("runs", 2);
  new Counter({ name: "broken_total", help, registers }).inc(NaN);
  expect("broken_total", NaN);
  for (const gauge of ["ticks", "starts_created"]) {
    const counter = `${gauge.replace("_created", "")}_total`;
    new Gauge({ name: gauge, help, registers }).set(-1);
    new Counter({ name: counter, help, registers }).inc(5);
    expect(gauge, -1);
    expect(counter, 5);
  }

  new Histogram({ name: "moved", help, buckets: [-2, 1.5], registers })
    .observe(-3);
  for (const le of ["-2", "1.5", "+Inf"]) expect("moved_bucket", 1, { le });
  expect("moved_sum", -3);
  expect("moved_count", 1);
  new Summary({ name: "drift", help, percentiles: [0.5], registers })
    .observe(-7);
  expect("drift", -7, { quantile: "0.5" });
  expect("drift_sum", -7);
  expect("drift_count", 1);

  new Counter({ name: "jobs_total", help, enableExemplars: true, registers })
    .inc({ value: 3, exemplarLabels: TRACE });
  expect("jobs_total", 3);
  const durations = new Histogram({
    name: "job_duration_seconds",
    help,
    buckets: [1, 1e6],
    enableExemplars: true,
    registers,
  });
  durations.observe({ value: 0.5, exemplarLabels: { trace_id: "1" } });
  durations.observe({ value: 2e6, exemplarLabels: { trace_id: "2" } });
  for (const [le, value] of [["1.0", 1], ["1e+06", 1], ["+Inf", 2]] as const) {
    expect("job_duration_seconds_bucket", value, { le });
  }
  expect("job_duration_seconds_sum", 2e6 + 0.5);
  expect("job_duration_seconds_count", 2);
  return { registry, samples: samples.sort() };
}

const JOB = "difficult";

/** Runs `fn` while a Prometheus scrapes a registry, with success. */
async function whileGathered(
  server: "prometheus" | "prometheus3",
  registry: Registry,
  fn: (prometheus: Prometheus) => Promise<void>,
): Promise<void> {
  const http = await startHttpServer({ addr: "127.0.0.1", registry });
  const args = ["--enable-feature=exemplar-storage"];
  try {
    await whileScraped(http, { server, args, job: JOB }, async (prometheus) => {
      await assertSoon(
        [1],
        async () =>
          (await prometheus.query(`up{job="${JOB}"}`))
            .map(({ value }) => value),
      );
      await fn(prometheus);
    });
  } finally {
    await http.close();
  }
}

/** Lists what Prometheus has stored of the metrics. */
async function storedSamples(prometheus: Prometheus): Promise<string[]> {
  const found = await prometheus.query(
    '{job="difficult",__name__!~"up|scrape_.*|prometheus_async_.*"}',
  );
  return found.map(({ metric, value }) => {
    const { __name__, job: _, instance: __, ...labels } = metric;
    return spell(__name__, labels, value);
  }).sort();
}

/** Lists the exemplars that Prometheus has stored, by the bucket they are in. */
async function storedExemplars(prometheus: Prometheus, name: string) {
  const found = await prometheus.exemplars(name);
  return found.flatMap(({ seriesLabels, exemplars }) =>
    exemplars.map(({ labels, value }) =>
      spell(seriesLabels.le ?? "", labels, value)
    )
  ).sort();
}

for (const server of ["prometheus", "prometheus3"] as const) {
  test(
    `a real ${server} stores a difficult registry as it is`,
    { skip: missing(server) },
    async () => {
      const madeAt = Date.now();
      const { registry, samples } = difficultRegistry();
      await whileGathered(server, registry, async (prometheus) => {
        await assertSoon(samples, () => storedSamples(prometheus));
        await assertSoon(
          [spell("", TRACE, 3)],
          () => storedExemplars(prometheus, "jobs_total"),
        );
        await assertSoon(
          [
            spell("+Inf", { trace_id: "2" }, 2e6),
            spell("1.0", { trace_id: "1" }, 0.5),
          ],
          () => storedExemplars(prometheus, "job_duration_seconds_bucket"),
        );
        const [found] = await prometheus.exemplars("jobs_total");
        const { timestamp } = found.exemplars[0];
        // In whole milliseconds, as it is told.
        const isRight = 1000 * timestamp >= madeAt - 1 &&
          1000 * timestamp <= Date.now() + 1;
        assert(isRight, `the exemplar is of ${timestamp}`);
      });
    },
  );
}

test(
  "a real prometheus3 takes exemplars whose labels hold a NUL",
  { skip: missing("prometheus3") },
  async () => {
    const { Counter, Registry } = client;
    const registry = new Registry<typeof client.openMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    new Counter({
      name: "jobs_total",
      help: "Jobs",
      enableExemplars: true,
      registers: [registry],
    }).inc({ value: 3, exemplarLabels: { trace_id: "a\0b" } });
    await whileGathered("prometheus3", registry, async (prometheus) => {
      await assertSoon(
        [spell("jobs_total", {}, 3)],
        () => storedSamples(prometheus),
      );
    });
  },
);

for (const server of ["prometheus", "prometheus3"] as const) {
  test(
    `a real ${server} stores what collectors of one's own yield`,
    { skip: missing(server) },
    async () => {
      const timestamp = new Date();
      const all = [
        ["build", "info", [{ labels: { version: "1" }, value: 1 }]],
        ["power", "stateset", [
          { labels: { power: "on" }, value: 1 },
          { labels: { power: "off" }, value: 0 },
        ]],
        ["any", "untyped", [{ value: -1, timestamp }]],
        ["s.t", "summary", [
          { labels: { quantile: 0.5 }, value: null },
          { metricName: "s.t_sum", value: 3 },
          { metricName: "s.t_count", value: 2 },
        ]],
        ["s_t_count", "gauge", [{ value: 7 }]],
        ["g", "gauge", [
          { labels: { "x.y": "1" }, value: 1 },
          { labels: { x_y: "1" }, value: 2 },
          { labels: { x_y: "2" }, value: null },
        ]],
      ] as const;
      const metrics = all.map(([name, type, values]) => ({
        name,
        get: () => ({ name, help: name, type, values }),
      }));
      const registry = { getMetricsAsArray: () => metrics } as never;
      // The second one takes names as they are.
      const [dotted, others] = server === "prometheus"
        ? ["_", []]
        : [".", [spell("g", { x_y: "1" }, 2), spell("s_t_count", {}, 7)]];
      const samples = [
        spell("build_info", { version: "1" }, 1),
        spell("power", { power: "on" }, 1),
        spell("power", { power: "off" }, 0),
        spell("any", {}, -1),
        spell(`s${dotted}t_sum`, {}, 3),
        spell(`s${dotted}t_count`, {}, 2),
        spell("g", { [`x${dotted}y`]: "1" }, 1),
        ...others,
      ].sort();
      await whileGathered(server, registry, async (prometheus) => {
        await assertSoon(samples, () => storedSamples(prometheus));
      });
    },
  );
}

import { metricsHandler } from "../../src/exposition/mod.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type * as promClient from "prom-client";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { parse, type ParsedFamily, type ParsedSample } from "./_parse.ts";

/** The operations on the metrics of a registry. */
interface Told {
  type: "counter" | "gauge" | "histogram" | "summary";
  name: string;
  help: string;
  buckets: number[];
  updates: { labels: Record<string, unknown>; value: number }[];
}

const RUNS = { numRuns: 150 };

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.string({ unit: fc.constantFrom("\\", '"', "\n", ",", "=", "}", "a") }),
  fc.constantFrom("", "\ud800", "😀", "\r", "\0", "NaN", "\\n"),
);

const labelValue = fc.oneof(
  { weight: 4, arbitrary: text },
  fc.integer(),
  fc.constantFrom(undefined, null, true, [1, "2"], { a: 1 }),
);

const told: fc.Arbitrary<Told> = fc.record({
  type: fc.constantFrom("counter", "gauge", "histogram", "summary"),
  name: fc.constantFrom(
    "a",
    "a_total",
    "b_seconds",
    "b",
    "c_count",
    "c",
    "d:e",
  ),
  help: text.map((help) => help || "help"),
  buckets: fc.array(fc.double({ noNaN: true }), { maxLength: 5 }),
  updates: fc.array(
    fc.record({
      labels: fc.record({ x: labelValue, y: labelValue }, { requiredKeys: [] }),
      value: fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, 1, -0)),
    }),
    { maxLength: 8 },
  ),
});

/** Builds a registry; what the client refuses is not in it. */
function build(metrics: readonly Told[]): promClient.Registry {
  const registry = new client.Registry();
  for (const { type, name, help, buckets, updates } of metrics) {
    try {
      const options = {
        name,
        help,
        labelNames: ["x", "y"],
        registers: [registry],
      };
      const update = {
        counter: () => {
          const counter = new client.Counter(options);
          return counter.inc.bind(counter);
        },
        gauge: () => {
          const gauge = new client.Gauge(options);
          return gauge.set.bind(gauge);
        },
        histogram: () => {
          const histogram = new client.Histogram({ ...options, buckets });
          return histogram.observe.bind(histogram);
        },
        summary: () => {
          const summary = new client.Summary(options);
          return summary.observe.bind(summary);
        },
      }[type]();
      for (const { labels, value } of updates) {
        try {
          update(labels as never, value);
        } catch {
          // Counters do not go down, histograms do not take infinities.
        }
      }
    } catch {
      // Two metrics have one name.
    }
  }
  return registry;
}

async function scrape(
  registry: promClient.Registry,
  accept: string,
): Promise<ParsedFamily[]> {
  const handler = metricsHandler({ registry, onError: () => {} });
  const headers = { accept };
  const answer = async () => {
    const request = new Request("http://localhost/metrics", { headers });
    return await (await handler(request)).text();
  };
  const [first, second] = [await answer(), await answer()];
  // The second one comes from what the first has left behind.
  const own = /^(# \w+ )?prometheus_async_.*\n/gm;
  assertEquals(first.replaceAll(own, ""), second.replaceAll(own, ""));
  return parse(first);
}

function identity({ name, labels }: ParsedSample, except?: string): string {
  const rest = Object.entries(labels)
    .filter(([label, value]) => label !== except && value !== "")
    .sort();
  return JSON.stringify([name, rest]);
}

/** An operation on a metric between two scrapes. */
const step = fc.record({
  action: fc.constantFrom(
    "update",
    "update",
    "update",
    "remove",
    "reset",
    "scrape",
  ),
  labels: fc.record({
    x: fc.constantFrom("a", "b", "c", "d", "e", 1),
    y: fc.constantFrom("a", "b"),
  }, { requiredKeys: ["x"] }),
  value: fc.integer({ min: 0, max: 99 }),
});

test("metricsHandler() serves what the client has, whatever was done to it since", async () => {
  const { Counter, Gauge, Histogram, Registry } = client;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("counter", "gauge", "histogram"),
      fc.array(step, { minLength: 10, maxLength: 60 }),
      async (type, steps) => {
        const registry = new Registry();
        const options = {
          name: "m",
          help: "m",
          labelNames: ["x", "y"],
          buckets: [10, 50],
          registers: [registry],
        };
        const metric = type === "counter"
          ? new Counter(options)
          : type === "gauge"
          ? new Gauge(options)
          : new Histogram(options);
        for (const { action, labels, value } of steps) {
          if (action === "remove") metric.remove(labels as never);
          else if (action === "reset") {
            // Resetting is rarer than the rest.
            if (value < 20) metric.reset();
          } else if (action === "update") {
            if (metric instanceof Counter) metric.inc(labels, value);
            else if (metric instanceof Gauge) metric.set(labels, value);
            else metric.observe(labels, value);
          } else {
            const { values } = await metric.get();
            const expected = values.map(({ value, labels, ...rest }) => {
              const { metricName = "m" } = rest as { metricName?: string };
              const texts = Object.entries(labels).map(([name, value]) => [
                name,
                String(value),
              ]);
              const all = Object.fromEntries(texts);
              return [
                identity({ name: metricName, labels: all, value }),
                value,
              ];
            });
            const [{ samples }] = await scrape(registry, FORMATS.text);
            assertEquals(
              samples.map((each) => [identity(each), each.value]),
              expected,
            );
          }
        }
      },
    ),
    RUNS,
  );
});

const FORMATS = {
  text: "text/plain;version=0.0.4",
  OpenMetrics: "application/openmetrics-text;version=1.0.0",
};

for (const [format, accept] of Object.entries(FORMATS)) {
  test(`metricsHandler() serves ${format} in groups, each series once`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(told, { maxLength: 5 }), async (metrics) => {
        const families = await scrape(build(metrics), accept);
        const names = families.map(({ name }) => name);
        assertEquals(new Set(names).size, names.length);
        const seen = new Set<string>();
        for (const { name, type, samples } of families) {
          const suffixes = {
            counter: format === "text" ? [""] : ["_total"],
            histogram: ["_bucket", "_sum", "_count"],
            summary: ["", "_sum", "_count"],
          }[type] ?? [""];
          for (const sample of samples) {
            const belongs = suffixes.some((end) => sample.name === name + end);
            assert(belongs, `${sample.name} in ${type} ${name}`);
            const id = identity(sample);
            assert(!seen.has(id), `${id} twice`);
            seen.add(id);
          }
        }
      }),
      RUNS,
    );
  });

  test(`metricsHandler() serves histograms in ${format} that add up`, async () => {
    await fc.assert(
      fc.asyncProperty(told, async (metric) => {
        const registry = build([{ ...metric, type: "histogram" }]);
        for (const { type, samples } of await scrape(registry, accept)) {
          if (type !== "histogram") continue;
          const series = new Map<string, number[]>();
          let count = -1;
          let bound = -Infinity;
          for (const sample of samples) {
            if (sample.name.endsWith("_bucket")) {
              const le = sample.labels.le === "+Inf"
                ? Infinity
                : Number(sample.labels.le);
              const id = identity(sample, "le");
              if (!series.has(id)) [count, bound] = [0, -Infinity];
              series.set(id, [sample.value]);
              assert(le > bound, `${le} after ${bound}`);
              assert(sample.value >= count, `${sample.value} after ${count}`);
              [count, bound] = [sample.value, le];
            } else if (sample.name.endsWith("_count")) {
              assertEquals(bound, Infinity);
              assertEquals(sample.value, count);
            }
          }
        }
      }),
      RUNS,
    );
  });

  test(`metricsHandler() loses no label, help or value in ${format}`, async () => {
    await fc.assert(
      fc.asyncProperty(told, async (metric) => {
        const updates = new Map<string, number>();
        const wellFormed = metric.updates.filter(({ labels }) =>
          // Texts that UTF-8 cannot tell apart are one series.
          Object.values(labels).every((value) => String(value).isWellFormed())
        );
        const registry = build([{
          ...metric,
          type: "gauge",
          updates: wellFormed,
        }]);
        const gauge = await registry.getSingleMetric(
          metric.name,
        ) as unknown as {
          get(): Promise<{ values: promClient.MetricValue<string>[] }>;
        };
        for (const { labels, value } of (await gauge.get()).values) {
          const texts = Object.entries(labels)
            .filter(([, value]) => value !== undefined)
            .map(([name, value]) => [name, String(value)]);
          const id = identity({
            name: metric.name,
            labels: Object.fromEntries(texts),
            value,
          });
          if (!updates.has(id)) updates.set(id, value);
        }
        const [family] = await scrape(registry, accept);
        assertEquals(family.help, metric.help.toWellFormed());
        assertEquals(
          new Map(family.samples.map((each) => [identity(each), each.value])),
          new Map([...updates].map(([id, value]) => [id, value + 0])),
        );
      }),
      RUNS,
    );
  });
}

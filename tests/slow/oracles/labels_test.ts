import { assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import { client, clientName } from "../../_client.ts";
import { test } from "../../_suite.ts";
import { judge, type Labels, ORACLES, samplesOf } from "./_judge.ts";

/** Labels as a program in JavaScript may give them. */
type AnyLabels = Record<string, unknown>;

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

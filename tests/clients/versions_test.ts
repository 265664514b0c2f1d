import { assertEquals, assertMatch } from "@std/assert";
import { storageOf } from "../../src/clients/storage.ts";
import type { RegisteredMetric } from "../../src/types.ts";
import { clientName } from "../_client.ts";
import { refresh, writeGathered } from "../live/_live.ts";
import { turn } from "../live/_metrics.ts";
import { test } from "../_suite.ts";
import { Application, samplesIn } from "./_application.ts";
import { type Change, withCopy } from "./_copy.ts";

const isPromClient = clientName === "prom-client";

/** The text that is served after so many updates, by default from 0 on. */
function samples(updates: number): string {
  const n = updates;
  return [
    `c{a="1"} ${n}`,
    `g ${n - 1}`,
    `h_bucket{le="1"} ${n}`,
    `h_bucket{le="2"} ${n}`,
    `h_bucket{le="+Inf"} ${n}`,
    `h_sum ${n / 2}`,
    `h_count ${n}`,
  ].join("\n");
}

interface Expected {
  /** The metrics that are not live. */
  readonly notLive?: readonly string[];
  /** Why, as far as that is told. */
  readonly reason?: RegExp;
}

/** Requires that metrics are read right, and are live or else are told not to be. */
async function check(
  app: Application,
  { notLive = [], reason }: Expected = {},
): Promise<void> {
  const mirror = app.mirror();
  try {
    for (let updates = 1; updates < 4; updates++) {
      const gathered = await writeGathered([app.registry]);
      assertEquals(samplesIn(gathered), samples(updates));
      await refresh(mirror);
      assertEquals(samplesIn(await app.read()), samples(updates));
      app.update(updates);
      if (notLive.length === 0) {
        assertEquals(samplesIn(await app.read()), samples(updates + 1));
      }
      await turn();
    }
    assertEquals(app.notLive, notLive);
    assertEquals(app.told.length > 0, reason !== undefined, app.told.join());
    if (reason !== undefined) assertMatch(app.told[0], reason);
  } finally {
    app.close();
  }
  app.update(4);
  assertEquals(samplesIn(await writeGathered([app.registry])), samples(5));
}

/** Changes that a version of the client may have, and what becomes of it. */
const VERSIONS: Readonly<
  Record<string, { changes: readonly Change[] } & Expected>
> = {
  "nothing": { changes: [] },
  "more methods": {
    changes: [
      ["counter.js", "\tremove(...args) {", "\tmore() {}\n\tremove(...args) {"],
      ["metric.js", "\treset() {", "\tmore() {}\n\treset() {"],
      isPromClient
        ? ["gauge.js", "\t_getValue(", "\tmore() {}\n\t_getValue("]
        : ["util.js", "\tclear() {", "\thas() {}\n\tclear() {"],
    ],
  },
  "one more class": {
    changes: [
      ["counter.js", "extends Metric", "extends Between"],
      [
        "counter.js",
        "class Counter",
        "class Between extends Metric {}\n\nclass Counter",
      ],
    ],
  },
  "another text of get()": {
    changes: [
      ["counter.js", "\tasync get() {", "\tasync get() {\n\t\t// It reads.\n"],
      ["gauge.js", "values: ", "values: /* all of them */ "],
      ["histogram.js", "const data = ", "const data = /* all of it */ "],
    ],
  },
  "a get() that yields no promise": {
    changes: ["counter.js", "gauge.js", "histogram.js"].flatMap((
      file,
    ): Change[] => [
      [file, "\tasync get", "\tget"],
      [file, "if (v instanceof Promise) await v;", ""],
      ...file === "histogram.js"
        ? [[file, "await this.getFor", "this.getFor"] as const]
        : [],
    ]),
  },
  "a get() that is set by the constructor": {
    changes: [
      ["gauge.js", "\tasync get() {", "\tasync read() {"],
      [
        "gauge.js",
        "this.type = 'gauge';",
        "this.type = 'gauge';\n\t\tthis.get = this.read;",
      ],
    ],
  },
  "types that only get() tells": {
    changes: ["counter", "gauge", "histogram"].flatMap((type): Change[] => [
      [`${type}.js`, `this.type = '${type}';`, ""],
      [`${type}.js`, "type: this.type", `type: '${type}'`],
    ]),
  },
  "one more property in its rows": {
    changes: [[
      isPromClient ? "counter.js" : "util.js",
      "{ value, labels }",
      "{ value, labels, at: 1 }",
    ]],
    notLive: isPromClient ? ["c"] : ["c", "g"],
    reason: /"c" live: its class differs .*"at":1/,
  },
  "one more property in the rows of histograms": {
    changes: [["histogram.js", "\t\tsum: 0,", "\t\tsum: 0,\n\t\tmax: 0,"]],
    notLive: ["h"],
    reason: /"h" live: its class differs .*"max":0/,
  },
  "buckets without their upper bounds": {
    changes: [["histogram.js", "if (value <= bound)", "if (value < bound)"]],
    notLive: ["h"],
    reason: /"h" live: its class differs/,
  },
  "histograms to take infinities and NaN": {
    changes: [[
      "histogram.js",
      "if (!Number.isFinite(labelValuePair.value))",
      "if (false)",
    ]],
  },
  "histograms to count what they refuse": {
    changes: [[
      "histogram.js",
      "if (!Number.isFinite(labelValuePair.value)) {",
      "if (!Number.isFinite(labelValuePair.value)) {\n" +
      (isPromClient
        ? "this.hashMap[hashObject(labels, this.sortedLabelNames)].count++;"
        : "histogram.store.entry(labels).count++;"),
    ]],
    notLive: ["h"],
    reason: /"h" live: its class differs/,
  },
  "a reset() that keeps its storage": {
    changes: isPromClient
      ? [[
        "gauge.js",
        "this.hashMap = {};",
        "this.hashMap ??= {};\n\t\t" +
        "for (const key in this.hashMap) delete this.hashMap[key];",
      ]]
      : [[
        "gauge.js",
        "this.store = new LabelMap(this.labelNames);",
        "this.store ??= new LabelMap(this.labelNames);\n\t\tthis.store.clear();",
      ]],
    ...isPromClient &&
      { notLive: ["g"], reason: /"g" live: its class differs/ },
  },
};

for (const [change, { changes, ...expected }] of Object.entries(VERSIONS)) {
  test(`a version that changes ${change} is read right, and live or told`, async () => {
    await withCopy(changes, async (copy) => {
      await check(new Application(copy), expected);
    });
  });
}

/** The metrics that are read without asking them. */
function known(...metrics: object[]): boolean[] {
  return metrics.map((metric) =>
    storageOf(metric as RegisteredMetric) !== undefined
  );
}

test("storageOf() knows a version whose text is another one", async () => {
  for (
    const change of [
      "more methods",
      "one more class",
      "another text of get()",
      "a get() that yields no promise",
      "a get() that is set by the constructor",
      "types that only get() tells",
    ]
  ) {
    await withCopy(VERSIONS[change].changes, (copy) => {
      const { counter, gauge, histogram } = new Application(copy);
      assertEquals(
        known(counter, gauge, histogram),
        [true, true, true],
        change,
      );
    });
  }
});

test("metrics whose types only get() tells are live without a turn", async () => {
  const { changes } = VERSIONS["types that only get() tells"];
  await withCopy(changes, async (copy) => {
    const app = new Application(copy);
    app.mirror();
    app.update(1);
    const options = { help: "h", registers: [app.registry] };
    new copy.Gauge({ name: "new_g", ...options }).set(3);
    new copy.Histogram({ name: "new_h", buckets: [], ...options }).observe(4);
    const read = app.read();
    assertEquals(app.notLive, []);
    assertEquals(
      samplesIn(await read),
      [
        samples(2),
        "new_g 3",
        'new_h_bucket{le="+Inf"} 1',
        "new_h_sum 4",
        "new_h_count 1",
      ].join("\n"),
    );
    app.close();
  });
});

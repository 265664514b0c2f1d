import { escapeName } from "../../src/families/escaping.ts";
import { metricsHandler } from "../../src/exposition/mod.ts";
import type { CollectedMetric, Registry } from "../../src/types.ts";
import { assertEquals } from "@std/assert";
import { test } from "../_suite.ts";
import { refresh, withLive, write } from "../live/_live.ts";
import { failures, reporting, scrape } from "./_scraping.ts";

const TEXT = "text/plain;version=0.0.4";
const OPENMETRICS = "application/openmetrics-text;version=1.0.0";

test("escapeName() writes names as the reference implementation does", () => {
  // As `EscapeName` of prometheus/common since 0.61.
  const table: [name: string, ...expected: string[]][] = [
    [
      "no:escaping_required",
      "no:escaping_required",
      "no:escaping__required",
      "no:escaping_required",
    ],
    [
      "mysystem.prod.west.cpu.load",
      "mysystem_prod_west_cpu_load",
      "mysystem_dot_prod_dot_west_dot_cpu_dot_load",
      "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load",
    ],
    [
      "mysystem.prod.west.cpu.load_total",
      "mysystem_prod_west_cpu_load_total",
      "mysystem_dot_prod_dot_west_dot_cpu_dot_load__total",
      "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load__total",
    ],
    [
      "http.status:sum",
      "http_status:sum",
      "http_dot_status:sum",
      "U__http_2e_status:sum",
    ],
    [
      "my lovely_http.status:sum",
      "my_lovely_http_status:sum",
      "my__lovely__http_dot_status:sum",
      "U__my_20_lovely__http_2e_status:sum",
    ],
    [
      "label with 😱",
      "label_with__",
      "label__with____",
      "U__label_20_with_20__1f631_",
    ],
    ["花火", "__", "____", "U___82b1__706b_"],
    [
      "label with \u0100",
      "label_with__",
      "label__with____",
      "U__label_20_with_20__100_",
    ],
    ["1abc", "_abc", "__abc", "U___31_abc"],
    ["a1.2", "a1_2", "a1_dot_2", "U__a1_2e_2"],
    [".1", "_1", "_dot_1", "U___2e_1"],
    ["a\ud800", "a_", "a__", "U__a_fffd_"],
  ];
  for (const [name, ...expected] of table) {
    const schemes = ["underscores", "dots", "values"] as const;
    assertEquals(schemes.map((scheme) => escapeName(name, scheme)), expected);
    assertEquals(
      escapeName(name, "allow-utf-8"),
      name === expected[0] ? name : `"${name.toWellFormed()}"`,
    );
  }
});

test("metricsHandler() takes a name with a line's end for a counter's in OpenMetrics", async () => {
  const registry = registryOf({ "a\n_total": ["counter", { "": 1 }] });
  const { text } = await scrape(metricsHandler({ registry }), {
    accept: `${OPENMETRICS};escaping=allow-utf-8`,
  });
  assertEquals(
    text.split("\n").slice(1, 3),
    ['# TYPE "a\\n" counter', '{"a\\n_total"} 1'],
  );
});

/** Of a metric the type, and the values by labels, or suffixes, in JSON. */
type Given = readonly [type: string, values: Record<string, number>];

/** A registry of metrics whose names may be any. */
function registryOf(given: Record<string, Given>): Registry {
  const metrics = Object.entries(given).map(([name, [type, values]]) => {
    const samples = Object.entries(values).map(([key, value]) =>
      key.startsWith("{")
        ? { labels: JSON.parse(key), value }
        : { metricName: name + key, value }
    );
    const collected: CollectedMetric = {
      name,
      help: name,
      type,
      values: samples,
    };
    return { name, get: () => Promise.resolve(collected) };
  });
  return { getMetricsAsArray: () => metrics };
}

/** The lines of an answer that are samples of the application. */
const samplesIn = (text: string) =>
  text.split("\n").filter((line) =>
    line !== "" && !/^(#|prometheus_+async_)/.test(line)
  );

const gauge = (value = 1): Given => ["gauge", { "": value }];
const summary: Given = ["summary", { _sum: 3, _count: 2 }];
const histogram: Given = ["histogram", { _sum: 3, _count: 2 }];

/** Metrics that a format writes alike: what is left out, and of which kind. */
const COLLISIONS: readonly {
  readonly given: Record<string, Given>;
  readonly accept?: string;
  readonly samples: readonly string[];
  readonly left: readonly (readonly [name: string, failure: string])[];
}[] = [
  {
    given: { "a.b": gauge(), "a_b": gauge(2), "a-b": gauge(3) },
    samples: ["a_b 1"],
    left: [["a_b", "conflict"], ["a-b", "conflict"]],
  },
  {
    given: { "a.b": summary, "a_b_count": gauge(), "a_b_sum": gauge() },
    samples: ["a_b_sum 3", "a_b_count 2"],
    left: [["a_b_count", "conflict"], ["a_b_sum", "conflict"]],
  },
  {
    given: { "a_b_count": gauge(), "a.b": summary },
    samples: ["a_b_count 1"],
    left: [["a.b", "conflict"]],
  },
  {
    given: { "a.b": histogram, "a_b_bucket": gauge(), "a_b": gauge() },
    samples: ['a_b_bucket{le="+Inf"} 2', "a_b_sum 3", "a_b_count 2"],
    left: [["a_b_bucket", "conflict"], ["a_b", "conflict"]],
  },
  {
    given: { "a.b": ["info", { "": 1 }], "a_b_info": gauge() },
    samples: ["a_b_info 1"],
    left: [["a_b_info", "conflict"]],
  },
  {
    given: { "a.b": gauge(), "a-b": gauge(2), "a_b": gauge(3) },
    accept: `${OPENMETRICS};escaping=dots`,
    samples: ["a_dot_b 1", "a__b 2"],
    left: [["a_b", "conflict"]],
  },
  {
    given: { "a.b": gauge(), "U__a_2e_b": gauge(2) },
    accept: `${OPENMETRICS};escaping=values`,
    samples: ["U__a_2e_b 1"],
    left: [["U__a_2e_b", "conflict"]],
  },
  {
    given: { "a.b": gauge(), "a_b": gauge(2) },
    accept: `${OPENMETRICS};escaping=allow-utf-8`,
    samples: ['{"a.b"} 1', "a_b 2"],
    left: [],
  },
  {
    given: {
      g: ["gauge", {
        '{"a.b":"1"}': 1,
        '{"a_b":"1"}': 2,
        '{"a_b":"2"}': 3,
        '{"a-b":"2","c":""}': 4,
      }],
    },
    samples: ['g{a_b="1"} 1', 'g{a_b="2"} 3'],
    left: [["g", "duplicate"]],
  },
  {
    // The order of names is another one when they are escaped.
    given: {
      g: ["gauge", { '{"a.z":"1","a_y":"2"}': 1, '{"a_z":"1","a.y":"2"}': 2 }],
    },
    samples: ['g{a_z="1",a_y="2"} 1'],
    left: [["g", "duplicate"]],
  },
  {
    given: { g: ["gauge", { '{"._name__":"1"}': 1 }] },
    samples: ['g{U___2e___name____="1"} 1'],
    left: [],
  },
];

for (const [i, { given, accept, samples, left }] of COLLISIONS.entries()) {
  const names = Object.keys(given).join(", ");
  test(`metricsHandler() writes no sample twice, ${i + 1}: ${names}`, async () => {
    for (const each of accept === undefined ? [TEXT, OPENMETRICS] : [accept]) {
      const { handler, errors } = reporting(registryOf(given));
      for (const count of [1, 2]) {
        const { text } = await scrape(handler, { accept: each });
        assertEquals(samplesIn(text), samples);
        const counted = text.replaceAll("__", "_");
        for (const [name, failure] of left) {
          const told = failures(name, failure, count).replaceAll("__", "_");
          assertEquals(counted.includes(told), true, text);
        }
        const told = errors.splice(0).map(({ collector, failure }) =>
          [collector, failure] as const
        );
        assertEquals(told, left);
      }
    }
  });
}

test("metricsHandler() writes each format's own samples, whatever came before", async () => {
  const registry = registryOf({ "a.b": gauge(), "a_b": gauge(2) });
  const handler = metricsHandler({ registry, onError() {} });
  for (let i = 0; i < 2; i++) {
    for (
      const [accept, samples] of [
        [TEXT, ["a_b 1"]],
        [`${OPENMETRICS};escaping=allow-utf-8`, ['{"a.b"} 1', "a_b 2"]],
        [`${OPENMETRICS};escaping=values`, ["U__a_2e_b 1", "a_b 2"]],
      ] as const
    ) {
      const { text } = await scrape(handler, { accept });
      assertEquals<readonly string[]>(samplesIn(text), samples);
    }
  }
});

test("OpenMetrics has no counter whose name a gauge has by its escaped name", async () => {
  const registry = registryOf({
    "a.b": gauge(),
    "a_b_total": ["counter", { "": 2 }],
    "c.d_total": ["counter", { "": 3 }],
    "c_d_created": gauge(4),
  });
  const { handler, errors } = reporting(registry, { ownMetrics: false });
  const { text } = await scrape(handler, { accept: OPENMETRICS });
  assertEquals(
    text.split("\n").filter((line) => !line.startsWith("# HELP")),
    [
      "# TYPE a_b gauge",
      "a_b 1",
      "# TYPE a_b_total unknown",
      "a_b_total 2",
      "# TYPE c_d_total unknown",
      "c_d_total 3",
      "# TYPE c_d_created gauge",
      "c_d_created 4",
      "# EOF",
      "",
    ],
  );
  assertEquals(errors, []);
});

test("metricsHandler() writes no sample twice of registries that are merged", async () => {
  const labels = (name: string, value: number): Given => [
    "gauge",
    { [JSON.stringify({ [name]: "1" })]: value },
  ];
  const registries = [
    registryOf({ g: labels("a.b", 1), "x.y": summary }),
    registryOf({ g: labels("a_b", 2), "x_y_sum": gauge() }),
  ];
  const { handler, errors } = reporting(registries as never);
  // Their help texts are alike.
  const { text } = await scrape(handler);
  assertEquals(samplesIn(text), ['g{a_b="1"} 1', "x_y_sum 3", "x_y_count 2"]);
  assertEquals(errors.map(({ collector, failure }) => [collector, failure]), [
    ["g", "duplicate"],
    ["x_y_sum", "conflict"],
  ]);
});

test("a mirror's families are told apart as those of a registry are", async () => {
  const registry = registryOf({ "a.b": summary, "a_b_count": gauge() });
  await withLive([registry], async ({ mirror, families }) => {
    await refresh(mirror);
    assertEquals(samplesIn(await write(families())), [
      "a_b_sum 3",
      "a_b_count 2",
    ]);
  });
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import { OPENMETRICS_1_0_0 } from "../../src/formats/format.ts";
import { OwnMetric } from "../../src/metrics/own_metric.ts";
import type { Registry } from "../../src/types.ts";
import { test } from "../_suite.ts";
import { withLive, write, writeGathered } from "./_live.ts";

/** A registry of the package's own metrics. */
function registryOf(...metrics: OwnMetric[]): Registry {
  return { getMetricsAsArray: () => metrics };
}

const requests = () =>
  new OwnMetric({
    type: "counter",
    name: "requests_total",
    help: "Requests",
    labelNames: ["route"],
  });

const durations = () =>
  new OwnMetric({
    type: "histogram",
    name: "seconds",
    help: "Durations",
    labelNames: ["route"],
    bounds: [0.1, 1],
  });

const a = { route: "/a" };
const b = { route: "/b" };

test("the package's own metrics are live", async () => {
  const counter = requests();
  const gauge = new OwnMetric({ type: "gauge", name: "now", help: "Now" });
  const histogram = durations();
  counter.of(a).add(2);
  histogram.of(a).observe(0.5);
  await withLive([registryOf(counter, gauge, histogram)], async (live) => {
    assertEquals(live.mirror.notLive, []);
    counter.of(a).add(1);
    counter.of(b).add(5);
    gauge.of().set(-1);
    for (const seconds of [0.1, 0.2, 7]) histogram.of(a).observe(seconds);
    histogram.of(b).observe(1);
    const expected = `# HELP requests_total Requests
# TYPE requests_total counter
requests_total{route="/a"} 3
requests_total{route="/b"} 5
# HELP now Now
# TYPE now gauge
now -1
# HELP seconds Durations
# TYPE seconds histogram
seconds_bucket{route="/a",le="0.1"} 1
seconds_bucket{route="/a",le="1"} 3
seconds_bucket{route="/a",le="+Inf"} 4
seconds_sum{route="/a"} 7.8
seconds_count{route="/a"} 4
seconds_bucket{route="/b",le="0.1"} 0
seconds_bucket{route="/b",le="1"} 1
seconds_bucket{route="/b",le="+Inf"} 1
seconds_sum{route="/b"} 1
seconds_count{route="/b"} 1
`;
    assertEquals(await write(live.families()), expected);
    const registry = registryOf(counter, gauge, histogram);
    assertEquals(await writeGathered([registry]), expected);
  });
});

test("the package's own metrics begin anew, live and not", async () => {
  const counter = requests();
  const histogram = durations();
  const registry = registryOf(counter, histogram);
  const held = counter.of(a);
  held.add(1, { labelSet: { trace_id: "1" }, value: 1 });
  histogram.of(a).observe(0.5);
  counter.reset();
  held.add(2);
  await withLive([registry], async (live) => {
    assertStringIncludes(
      await write(live.families()),
      'requests_total{route="/a"} 2\n',
    );
    counter.reset();
    histogram.reset();
    held.add(3);
    const text = await write(live.families(), OPENMETRICS_1_0_0);
    assertStringIncludes(text, 'requests_total{route="/a"} 3\n');
    assertStringIncludes(text, 'seconds_count{route="/a"} 0\n');
  });
});

test("the package's own metrics keep their values when they are live no more", async () => {
  const counter = requests();
  const registry = registryOf(counter);
  const held = counter.of(a);
  await withLive([registry], () => held.add(2));
  held.add(1);
  counter.of(b).add(1);
  assertEquals(
    await writeGathered([registry]),
    "# HELP requests_total Requests\n# TYPE requests_total counter\n" +
      'requests_total{route="/a"} 3\nrequests_total{route="/b"} 1\n',
  );
  await withLive([registry], async (live) => {
    held.add(1);
    assertStringIncludes(
      await write(live.families()),
      'requests_total{route="/a"} 4\n',
    );
  });
});

test("exemplars of the package's own metrics are live", async () => {
  const counter = requests();
  const histogram = durations();
  const exemplar = (trace_id: string, value: number) => ({
    labelSet: { trace_id },
    value,
    timestamp: 1,
  });
  counter.of(a).add(1, exemplar("before", 1));
  const registry = registryOf(counter, histogram);
  await withLive([registry], async (live) => {
    histogram.of(a).observe(0.05, exemplar("first", 0.05));
    histogram.of(a).observe(5, exemplar("last", 5));
    for (
      const text of [
        await write(live.families(), OPENMETRICS_1_0_0),
        await writeGathered([registry], OPENMETRICS_1_0_0),
      ]
    ) {
      for (
        const line of [
          'requests_total{route="/a"} 1 # {trace_id="before"} 1 1',
          'seconds_bucket{route="/a",le="0.1"} 1 # {trace_id="first"} 0.05 1',
          'seconds_bucket{route="/a",le="+Inf"} 2 # {trace_id="last"} 5 1',
        ]
      ) assertStringIncludes(text, `${line}\n`);
    }
  });
});

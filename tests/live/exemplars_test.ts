import { assert, assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import { OPENMETRICS_1_0_0 } from "../../src/formats/format.ts";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { refresh, withLive, write, writeGathered } from "./_live.ts";
import { type Any, isUntouched } from "./_metrics.ts";

const { Counter, Histogram, Registry } = client;

test("exemplars are read live, and are the client's own", async () => {
  const registry = new Registry() as promClient.Registry<
    promClient.OpenMetricsContentType
  >;
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers = [registry];
  const options = { labelNames: ["a"], registers, enableExemplars: true };
  const counter = new Counter({ name: "c_total", help: "c", ...options });
  const histogram = new Histogram({
    name: "h",
    help: "h",
    ...options,
    buckets: [1, 2],
  });
  const labels = { a: "1" };
  const observe = (value: number, trace: string) =>
    histogram.observe({ labels, value, exemplarLabels: { trace } });
  counter.inc({ labels, value: 1, exemplarLabels: { trace: "before" } });
  observe(1, "before");
  await withLive(registers, async ({ families }) => {
    const isSame = async () =>
      assertEquals(
        await write(families(), OPENMETRICS_1_0_0),
        await writeGathered(registers, OPENMETRICS_1_0_0),
      );
    await isSame();
    counter.inc({ labels, value: 2, exemplarLabels: { trace: "ünï" } });
    counter.inc({ labels, value: 2 });
    counter.inc({ labels: { a: "2" }, exemplarLabels: { trace: "new" } });
    observe(1, "again");
    observe(2, "second");
    observe(3, "above");
    histogram.observe({ labels: { a: "2" }, value: 1 });
    await isSame();
    assertEquals(families()[1].exemplars!.size, 3);
    let thrown: unknown;
    try {
      observe(1, "x".repeat(200));
    } catch (error) {
      thrown = error;
    }
    assert(thrown instanceof RangeError);
    await isSame();
    histogram.zero(labels);
    await isSame();
    observe(1, "after zero");
    counter.remove(labels);
    await isSame();
    counter.reset();
    await isSame();
  });
  assert(isUntouched(counter) && isUntouched(histogram));
});

test("exemplars need no more than a truthy option", async () => {
  const registry = new Registry() as promClient.Registry<
    promClient.OpenMetricsContentType
  >;
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  await withLive([registry], async ({ mirror, families }) => {
    const counter = new Counter({
      name: "c",
      help: "c",
      enableExemplars: 1 as never,
      registers: [registry],
    });
    (counter as unknown as Any).help = "changed";
    await refresh(mirror);
    counter.inc({ exemplarLabels: { trace: "t" } });
    const [{ help, values, exemplars }] = families();
    assertEquals([help, values[0], exemplars!.size], ["changed", 1, 1]);
  });
});

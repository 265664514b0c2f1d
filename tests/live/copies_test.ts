import { assertEquals } from "@std/assert";
import type * as otherMirrors from "../../src/live/mirror.ts";
import { OwnMetric } from "../../src/metrics/own_metric.ts";
import type * as otherReaders from "../../src/memory/reader.ts";
import { client } from "../_client.ts";
import { withPackageCopy } from "../_package_copy.ts";
import { test } from "../_suite.ts";
import { live, refresh, write } from "./_live.ts";
import { isUntouched } from "./_metrics.ts";

for (const [first, which] of ["first", "second"].entries()) {
  test(`mirrors of two copies of the package show the same, and the ${which} one may close before the other`, async () => {
    await withPackageCopy(async (load) => {
      const { Mirror } = await load<typeof otherMirrors>("live/mirror.ts");
      const { LiveReader } = await load<typeof otherReaders>(
        "memory/reader.ts",
      );
      const registry = new client.Registry();
      const registers = [registry];
      const named = (name: string) => ({ name, help: name, registers });
      const counter = new client.Counter(named("c_total"));
      const gauge = new client.Gauge(named("g"));
      const histogram = new client.Histogram({ ...named("h"), buckets: [1] });
      const own = new OwnMetric({ type: "counter", name: "own", help: "own" });
      registry.registerMetric(own as never);

      const update = () => {
        counter.inc();
        gauge.set(3);
        histogram.observe(0.5);
        own.of().add(2);
      };
      update();
      const ours = live(registry);
      const told: unknown[] = [];
      const theirs = new Mirror({
        registries: [registry],
        onError: (error) => told.push(error),
      });
      const reader = new LiveReader(
        theirs.handOver((chunk) => reader.add(chunk)),
      );
      update();
      await refresh(theirs);
      const expected = async () => {
        const json = await registry.getMetricsAsJSON();
        return json.map(({ name, values }) => [name, values[0].value]);
      };
      const text = await write(ours.families());
      assertEquals(await write(reader.read().families), text);
      // It tells that it reads the others while the event loop turns.
      assertEquals(told.length > 0, true);
      const mirrors = [ours.mirror, theirs];
      mirrors[first].close();
      update();
      mirrors[1 - first].close();
      for (const metric of [counter, gauge, histogram]) {
        assertEquals(isUntouched(metric), true);
      }
      update();
      assertEquals(await expected(), [
        ["c_total", 4],
        ["g", 3],
        ["h", 4],
        ["own", 8],
      ]);
    });
  });
}

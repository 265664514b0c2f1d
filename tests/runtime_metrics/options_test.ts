import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import {
  runtimeMetrics,
  type RuntimeMetricsOptions,
} from "../../src/runtime_metrics/mod.ts";
import { runtimeName } from "../../src/runtime/detect.ts";
import { test } from "../_suite.ts";
import { delaysOf, scraper, withRuntime } from "./_runtime.ts";

test("runtimeMetrics() yields the same registry when it is called again", async () => {
  await withRuntime({ eventLoopInterval: 50 }, (first) => {
    for (const options of [undefined, {}, { eventLoopInterval: 50 }]) {
      const again = runtimeMetrics(options);
      assertStrictEquals(again, first);
      again.stop();
    }
  });
});

test("runtimeMetrics() refuses another interval while it measures", async () => {
  await withRuntime({}, () => {
    const error = assertThrows(
      () => runtimeMetrics({ eventLoopInterval: 20 }),
      TypeError,
    );
    assertEquals(
      error.message,
      "Cannot measure the runtime: eventLoopInterval must be 100 until that " +
        "measurement has stopped, received 20",
    );
  });
  // Nobody measures now.
  await withRuntime({ eventLoopInterval: 20 }, () => {});
});

test("runtimeMetrics() refuses options that it does not know, or cannot use", () => {
  const refused: [unknown, typeof Error][] = [
    [{ eventLoopInterval: 9 }, RangeError],
    [{ eventLoopInterval: NaN }, RangeError],
    [{ eventLoopInterval: 60_001 }, RangeError],
    [{ eventLoopInterval: "20" }, TypeError],
    [{ interval: 20 }, TypeError],
    [20, TypeError],
  ];
  for (const [options, Class] of refused) {
    assertThrows(() => runtimeMetrics(options as RuntimeMetricsOptions), Class);
  }
});

test("runtimeMetrics() measures until it was stopped as often as started", async () => {
  const registry = runtimeMetrics({ eventLoopInterval: 10 });
  const scrape = scraper({ registry });
  const count = async () => delaysOf(await scrape()).count;
  const grows = async () => {
    const before = await count();
    // However busy the machine is: an interval is over, and a turn.
    await sleep(30);
    await sleep(0);
    return await count() > before;
  };
  runtimeMetrics();
  registry.stop();
  assert(await grows());
  registry[Symbol.dispose]();
  assert(!await grows());
  // More often is as good as never.
  registry.stop();
  runtimeMetrics({ eventLoopInterval: 10 });
  assert(await grows());
  registry.stop();
});

test("a registry that has stopped is read as before", async () => {
  const registry = runtimeMetrics();
  registry.stop();
  const text = await scraper({ registry })();
  assert(text.includes("\nprocess_resident_memory_bytes "), text);
});

test("a scrape of some names has those alone", async () => {
  await withRuntime({}, async (registry) => {
    const text = await scraper({ registry })(
      "?name[]=process_cpu_seconds_total",
    );
    assertEquals(text.match(/^\w+/gm), ["process_cpu_seconds_total"]);
  });
});

test("families without samples are not printed, and nothing is NaN", async () => {
  await withRuntime({ eventLoopInterval: 10 }, async (registry) => {
    const text = await scraper({ registry })();
    for (const [, name] of text.matchAll(/^# TYPE (\w+)/gm)) {
      assert(text.includes(`\n${name}`), `${name} has no samples`);
    }
    assert(!/ (NaN|.?Inf)$/m.test(text), text);
  });
});

test("each runtime tells which it is", async () => {
  await withRuntime({}, async (registry) => {
    const text = await scraper({ registry })();
    const runtime = runtimeName();
    assert(text.includes(`runtime="${runtime}"`), text);
    assertEquals(text.includes("nodejs_version_info{"), runtime === "node");
  });
});

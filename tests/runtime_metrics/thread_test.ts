import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { Registry } from "../../mod.ts";
import { now, repeat } from "../../src/runtime/wait.ts";
import { test } from "../_suite.ts";
import {
  blockDuringScrapes,
  CLOCKS_MS,
  scrape,
  valueOf,
  withThread,
} from "../thread/_threads.ts";
import { delaysOf, withRuntime } from "./_runtime.ts";

const INTERVAL_MS = 20;

/** How often, and how many times, it is scraped while the main thread is blocked. */
const SCRAPE_MS = 50;
const SCRAPES = 20;

const BLOCKED = "prometheus_async_main_thread_blocked_seconds";
const CPU = "process_cpu_seconds_total";

/** How long the main thread is waited for, which is less than it is blocked. */
const REFRESH_MS = 50;

test("while the main thread is blocked the process is read, and the block is told", async () => {
  await withRuntime({ eventLoopInterval: INTERVAL_MS }, async (registry) => {
    const options = { registry, refreshTimeout: REFRESH_MS };
    await withThread(options, async (server) => {
      let turnedAt = now();
      const stop = repeat(INTERVAL_MS, () => turnedAt = now());
      await sleep(5 * INTERVAL_MS);
      const before = delaysOf(await scrape(server));
      let [beganAt, endedAt, silentMs] = [0, 0, 0];
      const { scrapes, startedAt } = await blockDuringScrapes(
        server.metricsUrl,
        SCRAPE_MS,
        SCRAPES,
        () => {
          endedAt = now();
          if (beganAt > 0) return;
          beganAt = endedAt;
          // A busy machine may have kept the loop from turning before.
          silentMs = beganAt - turnedAt;
        },
      );
      const blockedMs = endedAt - beganAt;
      stop();
      let cpu = 0;
      for (const { status, text, at, ms } of scrapes) {
        assertEquals(status, 200, text);
        const next = valueOf(text, CPU)!;
        assert(next > cpu, `${next} seconds of CPU time after ${cpu}`);
        cpu = next;
        const toldMs = 1000 * valueOf(text, BLOCKED)!;
        // At first it is taken for idle.
        if (toldMs === 0 && at - startedAt < 1000) continue;
        const [least, most] = [at - ms - startedAt, at - startedAt];
        assert(
          toldMs >= least - 2 * INTERVAL_MS - CLOCKS_MS,
          `${toldMs} ms told of ${least}`,
        );
        assert(
          toldMs <= most + silentMs + 2 * INTERVAL_MS + CLOCKS_MS,
          `${toldMs} ms told of ${most}, after ${silentMs}`,
        );
      }
      assert(valueOf(scrapes.at(-1)!.text, BLOCKED)! > 0);
      await sleep(5 * INTERVAL_MS);
      const after = delaysOf(await scrape(server));
      const grown = 1000 * (after.seconds - before.seconds);
      assert(grown >= blockedMs - INTERVAL_MS - 1, `${grown} of ${blockedMs}`);
      assert(after.long > before.long);
    });
  });
});

test("delays are live on a thread, and all scrapers see the same", async () => {
  await withRuntime({ eventLoopInterval: INTERVAL_MS }, async (registry) => {
    const options = { registry, refreshTimeout: REFRESH_MS };
    await withThread(options, async (server) => {
      const { scrapes } = await blockDuringScrapes(
        server.metricsUrl,
        SCRAPE_MS,
        5,
      );
      // Earlier measurements stay as they are.
      const counts = scrapes.map(({ text }) => delaysOf(text).count);
      assertEquals(new Set(counts).size, 1);
      await sleep(5 * INTERVAL_MS);
      const all = await Promise.all([scrape(server), scrape(server)]);
      const [one, other] = all.map((text) => delaysOf(text).long);
      assertEquals(one, other);
      assert(one > 0);
    });
  });
});

test("a scrape of the process' metrics has no others", async () => {
  await withRuntime({}, async (registry) => {
    await withThread({ registry }, async (server) => {
      const search = `?name[]=${CPU}`;
      const text = await scrape(server, { search });
      assertEquals(text.match(/^process\w+/gm), [CPU]);
      assert(!text.includes("nodejs_"), text);
    });
  });
});

test("registries that change bring the process' metrics, and take them away", async () => {
  await withRuntime({}, async (runtime) => {
    const none: Registry = { getMetricsAsArray: () => [] };
    let registry = none;
    await withThread({ registry: () => registry }, async (server) => {
      const has = async () => valueOf(await scrape(server), CPU) !== undefined;
      assert(!await has());
      registry = runtime;
      assert(await has());
      registry = none;
      assert(!await has());
    });
  });
});

test("the page lists the runtime's metrics once", async () => {
  await withRuntime({}, async (registry) => {
    await withThread({ registry }, async (server) => {
      const page = await (await fetch(server.url)).text();
      for (const name of [CPU, "nodejs_heap_size_used_bytes"]) {
        assertEquals(page.split(`>${name}<`).length, 2, name);
      }
    });
  });
});

import { assert, assertEquals } from "@std/assert";
import * as client from "prom-client";
import { missing } from "../../../tools/servers/locate.ts";
import { test } from "../../_suite.ts";
import { waitUntil } from "../../_wait.ts";
import { block, withThread } from "../../thread/_threads.ts";
import { startPrometheus } from "../../e2e/_prometheus.ts";

const BLOCKED_MS = 10_000;

/** How many scrapes there must be meanwhile, one a second. */
const SCRAPES = 8;

/** How often the main thread is blocked, at most. */
const ATTEMPTS = 3;

test("a real Prometheus sees no gap while the main thread is blocked", {
  skip: missing("prometheus"),
}, async () => {
  const registry = new client.Registry();
  const rounds = new client.Counter({
    name: "rounds_total",
    help: "Rounds",
    registers: [registry],
  });
  await withThread({ registry, refreshTimeout: 50 }, async (server) => {
    const prometheus = await startPrometheus({
      global: { scrape_interval: "1s" },
      scrape_configs: [{
        job_name: "blocked",
        static_configs: [{ targets: [new URL(server.url).host] }],
      }],
    });
    const valueOf = async (query: string, time?: number) =>
      (await prometheus.query(query, time))[0]?.value;
    const blocked = "prometheus_async_main_thread_blocked_seconds";
    const window = `[${BLOCKED_MS / 1000}s]`;
    let endedAt: number | undefined;
    let worst: number | undefined;
    let scrapes = 0;
    try {
      // A scrape has a second: a machine that stalls for as long makes a gap,
      // whatever the server does. What the server does would make one each time.
      for (let n = 0; n < ATTEMPTS; n++) {
        await waitUntil(
          60_000,
          "it is scraped",
          async () => await valueOf("up") === 1,
        );
        block(BLOCKED_MS, () => rounds.inc());
        // What is asked later must be asked of that moment.
        endedAt = Date.now() / 1000;
        worst = await valueOf(`min_over_time(up${window})`, endedAt);
        scrapes = await valueOf(`count_over_time(up${window})`, endedAt) ?? 0;
        if (worst === 1 && scrapes >= SCRAPES) break;
        console.warn(`Attempt ${n + 1}: up is ${worst}, ${scrapes} scrapes`);
      }
      assertEquals(worst, 1);
      assert(scrapes >= SCRAPES, `${scrapes} scrapes in ten seconds`);
      assert((await valueOf("rate(rounds_total[5s])", endedAt))! > 1000);
      assertEquals(await valueOf("resets(rounds_total[1m])", endedAt), 0);
      const longest =
        (await valueOf(`max_over_time(${blocked}${window})`, endedAt))!;
      assert(longest > BLOCKED_MS / 2000, `blocked for ${longest} s`);
      await waitUntil(
        60_000,
        "it is not blocked any more",
        async () => await valueOf(blocked) === 0,
      );
      const [{ value }] = (await rounds.get()).values;
      await waitUntil(
        60_000,
        "all rounds are there",
        async () => await valueOf("rounds_total") === value,
      );
    } finally {
      await prometheus.stop();
    }
  });
});

import { assert, assertEquals } from "@std/assert";
import { missing } from "../../tools/servers/locate.ts";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { block, withThread } from "../thread/_threads.ts";
import { startPrometheus } from "./_prometheus.ts";

const BLOCKED_MS = 10_000;

test("a real Prometheus sees no gap while the main thread is blocked", {
  skip: missing("prometheus"),
  deadline: 120_000,
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
    const valueOf = async (query: string) =>
      (await prometheus.query(query))[0]?.value;
    const blocked = "prometheus_async_main_thread_blocked_seconds";
    try {
      await waitUntil(
        30_000,
        "it is scraped",
        async () => await valueOf("up") === 1,
      );
      block(BLOCKED_MS, () => rounds.inc());
      const window = `[${BLOCKED_MS / 1000}s]`;
      assertEquals(await valueOf(`min_over_time(up${window})`), 1);
      const scrapes = (await valueOf(`count_over_time(up${window})`))!;
      assert(scrapes >= 8, `${scrapes} scrapes in ten seconds`);
      assert((await valueOf("rate(rounds_total[5s])"))! > 1000);
      assertEquals(await valueOf("resets(rounds_total[1m])"), 0);
      const longest = (await valueOf(`max_over_time(${blocked}${window})`))!;
      assert(longest > BLOCKED_MS / 2000, `blocked for ${longest} s`);
      await waitUntil(
        30_000,
        "it is not blocked any more",
        async () => await valueOf(blocked) === 0,
      );
      const [{ value }] = (await rounds.get()).values;
      await waitUntil(
        30_000,
        "all rounds are there",
        async () => await valueOf("rounds_total") === value,
      );
    } finally {
      await prometheus.stop();
    }
  });
});

import { assert } from "@std/assert";
import * as client from "prom-client";
import { missing } from "../../../tools/servers/locate.ts";
import { test } from "../../_suite.ts";
import { waitUntil } from "../../_wait.ts";
import { blockUntil, pauseSync, withThread } from "../../thread/_threads.ts";
import { startPrometheus } from "../../e2e/_prometheus.ts";

/** How many scrapes there must be meanwhile without a gap, one a second. */
const SCRAPES = 4;

/** Tells whether values are those of scrapes in a row, each larger than before. */
function rises(samples: readonly { value: number }[]): boolean {
  return samples.length === SCRAPES &&
    samples.every(({ value }, n) => n === 0 || value > samples[n - 1].value);
}

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
    const valueOf = async (query: string) =>
      (await prometheus.query(query))[0]?.value;
    const blocked = "prometheus_async_main_thread_blocked_seconds";
    try {
      await waitUntil(
        60_000,
        "it is scraped",
        async () => await valueOf("up") === 1,
      );
      const startedAt = Date.now() / 1000;
      let lastAt = 0;
      const scraped = (selector: string) =>
        prometheus.samplesSync(selector)
          .filter(({ time }) => time > startedAt && time <= lastAt)
          .slice(-SCRAPES);
      // A scrape has a second: a machine that stalls for as long makes a gap,
      // whatever the server does, and the next ones are waited for. What the
      // server does would make one each time.
      blockUntil("there are scrapes without a gap", () => {
        rounds.inc();
        pauseSync(250);
        lastAt = Infinity;
        const ups = scraped("up");
        const [first, last] = [ups[0], ups.at(-1)];
        if (ups.length < SCRAPES || last === undefined) return false;
        lastAt = last.time;
        return ups.every(({ value }) => value === 1) &&
          lastAt - first.time < SCRAPES - 0.5;
      });
      const counted = scraped("rounds_total");
      assert(rises(counted), JSON.stringify(counted));
      const silent = scraped(blocked);
      assert(rises(silent), JSON.stringify(silent));
      const seconds = silent.at(-1)!.value;
      assert(seconds > (lastAt - startedAt) / 2, `blocked for ${seconds} s`);
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

import { assert, assertEquals } from "@std/assert";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import {
  block,
  scrape,
  scrapeDuring,
  valueOf,
  withThread,
} from "./_threads.ts";
import { RESPONSIVE } from "./_collectors.ts";

const { Counter, Gauge, Histogram, Registry } = client;

/** For how long the main thread is blocked, and how often it is scraped. */
const BLOCKED_MS = 10_000;
const INTERVAL_MS = 100;

/** What no load makes a scrape take; a server that waits takes twice as long. */
const LOOSE_MS = 5000;

const BLOCKED = "prometheus_async_main_thread_blocked_seconds";
const OUTDATED = "prometheus_async_outdated_families";

test("scrapes of a thread that is blocked for ten seconds are live and exact", async () => {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ["n"];
  const counter = new Counter({ name: "c_total", help: "c", registers });
  const gauge = new Gauge({ name: "g", help: "g", labelNames, registers });
  const histogram = new Histogram({
    name: "h",
    help: "h",
    labelNames,
    registers,
  });
  const before = gauge.labels("before");
  const observed = histogram.labels("before");
  let n = 0;
  const work = () => {
    n++;
    counter.inc();
    before.set(n);
    observed.observe(1);
    // A label set that comes up while everything is blocked.
    if (n % 1000 === 0) {
      const label = String(n % 100_000);
      gauge.set({ n: label }, n);
      histogram.observe({ n: label }, 1);
    }
  };
  await withThread({ registry, refreshTimeout: 50 }, async (server) => {
    const scrapes = await scrapeDuring(
      server.metricsUrl,
      INTERVAL_MS,
      () => block(BLOCKED_MS, work),
    );
    assert(scrapes.length > 30, `${scrapes.length} scrapes`);
    let last = 0;
    for (const { status, ms, text } of scrapes) {
      assertEquals(status, 200, text);
      assert(ms < LOOSE_MS, `a scrape took ${ms} ms`);
      const counted = valueOf(text, "c_total")!;
      const set = valueOf(text, 'g{n="before"}') ?? 0;
      const inAll = valueOf(text, 'h_count{n="before"}') ?? 0;
      const sum = valueOf(text, 'h_sum{n="before"}') ?? 0;
      assert(counted >= last, `${counted} after ${last}`);
      // A reader gives up after 30 ms on what is just being changed.
      const isOutdated = valueOf(text, OUTDATED)! > 0;
      // They are read one after the other, and the counter rises first.
      assert(
        isOutdated || (set >= last - 1 && inAll >= last - 1),
        `${set} and ${inAll} after ${last}`,
      );
      assert(Math.abs(sum - inAll) <= 1, `${sum} in ${inAll} observations`);
      last = counted;
    }
    const middle = scrapes[Math.floor(scrapes.length / 2)].text;
    const [halfway, end] = [middle, scrapes.at(-1)!.text].map((text) =>
      valueOf(text, "c_total")!
    );
    assert(0 < halfway && halfway < end, `${halfway} of ${end}`);
    assertEquals(valueOf(middle, RESPONSIVE), 0);
    // At its ends the main thread may turn before, or after, it is asked.
    const quarter = Math.floor(scrapes.length / 4);
    const blocked = scrapes.slice(quarter, -quarter)
      .map(({ text }) => valueOf(text, BLOCKED)!);
    assertEquals(blocked, blocked.toSorted((a, b) => a - b));
    const longest = blocked.at(-1)!;
    assert(longest > BLOCKED_MS / 1000 / 3, `blocked for ${longest} s`);

    const after = await scrape(server);
    assertEquals(valueOf(after, "c_total"), n);
    assertEquals(valueOf(after, 'g{n="before"}'), n);
    assertEquals(valueOf(after, 'h_count{n="before"}'), n);
    assertEquals(valueOf(after, 'h_bucket{n="before",le="+Inf"}'), n);
    const labels = Math.min(Math.floor(n / 1000), 100);
    assertEquals(after.match(/^g\{/gm)!.length, labels + 1);
    assertEquals(after.match(/^h_sum\{/gm)!.length, labels + 1);
    await waitUntil(LOOSE_MS, "the main thread is responsive", async () => {
      const text = await scrape(server);
      return valueOf(text, RESPONSIVE) === 1 && valueOf(text, BLOCKED) === 0;
    });
  });
});

import { assert, assertEquals } from "@std/assert";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import {
  blockDuringScrapes,
  CLOCKS_MS,
  PATIENT_MS,
  scrape,
  valueOf,
  withThread,
} from "./_threads.ts";
import { RESPONSIVE } from "./_collectors.ts";

const { Counter, Gauge, Histogram, Registry } = client;

/** How often, and how many times, it is scraped while the main thread is blocked. */
const INTERVAL_MS = 100;
const SCRAPES = 30;

const BLOCKED = "prometheus_async_main_thread_blocked_seconds";
const OUTDATED = "prometheus_async_outdated_families";

test("scrapes of a thread that is blocked are answered meanwhile, live and exact", async () => {
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
    const { scrapes } = await blockDuringScrapes(
      server.metricsUrl,
      INTERVAL_MS,
      SCRAPES,
      work,
    );
    let last = 0;
    for (const { status, text } of scrapes) {
      assertEquals(status, 200, text);
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
    // At first it is taken for idle, as it was a moment ago.
    const silent = scrapes.slice(Math.floor(scrapes.length / 3));
    assertEquals(
      silent.map(({ text }) => valueOf(text, RESPONSIVE)),
      silent.map(() => 0),
    );
    const blocked = silent.map(({ text }) => valueOf(text, BLOCKED)!);
    assertEquals(blocked, blocked.toSorted((a, b) => a - b));
    // It grows as time goes by, which the scraper has measured.
    const [from, to] = [silent[0], silent.at(-1)!];
    const passed = to.at - to.ms - from.at - CLOCKS_MS;
    const grown = 1000 * (blocked.at(-1)! - blocked[0]);
    assert(grown >= passed, `${grown} ms of ${passed}`);

    const after = await scrape(server);
    assertEquals(valueOf(after, "c_total"), n);
    assertEquals(valueOf(after, 'g{n="before"}'), n);
    assertEquals(valueOf(after, 'h_count{n="before"}'), n);
    assertEquals(valueOf(after, 'h_bucket{n="before",le="+Inf"}'), n);
    const labels = Math.min(Math.floor(n / 1000), 100);
    assertEquals(after.match(/^g\{/gm)!.length, labels + 1);
    assertEquals(after.match(/^h_sum\{/gm)!.length, labels + 1);
    await waitUntil(PATIENT_MS, "the main thread is responsive", async () => {
      const text = await scrape(server);
      return valueOf(text, RESPONSIVE) === 1 && valueOf(text, BLOCKED) === 0;
    });
  });
});

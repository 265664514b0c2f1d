import { metricsHandler } from "../../src/exposition/mod.ts";
import type { Registry } from "../../src/types.ts";
import { assert, assertEquals } from "@std/assert";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { refresh, withLive, write } from "../live/_live.ts";
import { scrape } from "./_scraping.ts";

/** Runs `fn` with a clock of the day that may be moved. */
async function withDate(
  fn: (move: (ms: number) => void) => Promise<void>,
): Promise<void> {
  const { now } = Date;
  let time = now();
  Date.now = () => time;
  try {
    await fn((ms) => time += ms);
  } finally {
    Date.now = now;
  }
}

/** A summary of the last ten seconds, in five parts. */
function makeSummary(labelNames: string[] = []) {
  const registry = new client.Registry();
  const summary = new client.Summary({
    name: "s",
    help: "s",
    maxAgeSeconds: 10,
    ageBuckets: 5,
    percentiles: [0.5],
    labelNames,
    registers: [registry],
  });
  return { registry, summary };
}

/** As many steps of a window would take hours. */
const AN_AGE_MS = 10_000 * 365 * 24 * 3600 * 1000;

const samplesIn = (text: string) =>
  text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

test("a large jump of the clock costs a scrape of a summary nothing", async () => {
  await withDate(async (move) => {
    for (const labelNames of [[], ["a"]]) {
      const { registry, summary } = makeSummary(labelNames);
      const labels = labelNames.length > 0 ? { a: "1" } : {};
      summary.observe(labels as never, 3);
      const handler = metricsHandler({ registry: registry as Registry });
      const read = async () =>
        samplesIn((await scrape(handler)).text)
          .map((line) => line.replace(/\{.*\}/, ""));
      assertEquals(await read(), ["s 3", "s_sum 3", "s_count 1"]);
      move(AN_AGE_MS);
      assertEquals(await read(), ["s 0", "s_sum 3", "s_count 1"]);
      // And so its next observation does not.
      summary.observe(labels as never, 5);
      assertEquals(await read(), ["s 5", "s_sum 8", "s_count 2"]);
      move(AN_AGE_MS);
      await withLive([registry as Registry], async ({ mirror, families }) => {
        await refresh(mirror);
        assert((await write(families())).includes("s_count"));
      });
    }
  });
});

test("a window is turned as its client turns it, whatever time has passed", async () => {
  for (let seconds = 0; seconds < 30; seconds += 0.5) {
    await withDate(async (move) => {
      const asked = makeSummary();
      const served = makeSummary();
      for (const { summary } of [asked, served]) summary.observe(3);
      move(3000);
      for (const { summary } of [asked, served]) summary.observe(7);
      for (const ms of [seconds * 1000, 1000, 3000]) {
        move(ms);
        const handler = metricsHandler({
          registry: served.registry as Registry,
        });
        assertEquals(
          samplesIn((await scrape(handler)).text),
          samplesIn(await asked.registry.metrics()),
        );
      }
    });
  }
});

test("a summary without windows is served whatever the clock does", async () => {
  await withDate(async (move) => {
    const registry = new client.Registry();
    const registers = [registry];
    new client.Summary({ name: "s", help: "s", percentiles: [0.5], registers })
      .observe(3);
    const handler = metricsHandler({ registry: registry as Registry });
    for (const ms of [AN_AGE_MS, -2 * AN_AGE_MS]) {
      move(ms);
      assertEquals(samplesIn((await scrape(handler)).text), [
        's{quantile="0.5"} 3',
        "s_sum 3",
        "s_count 1",
      ]);
    }
  });
});

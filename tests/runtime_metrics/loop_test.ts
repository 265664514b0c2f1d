import { assert } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { Registry } from "../../mod.ts";
import { now, repeat } from "../../src/runtime/wait.ts";
import { test } from "../_suite.ts";
import {
  block as blockFor,
  pauseSync,
  scrape,
  withThread,
} from "../thread/_threads.ts";
import { delaysOf, scraper, withRuntime } from "./_runtime.ts";

const INTERVAL_MS = 20;

/** How long the loop is blocked, and the loop of the tests is watched after it. */
const BLOCK_MS = 600;
const AFTER_MS = 200;

const spin = () => blockFor(BLOCK_MS);
const park = () => pauseSync(BLOCK_MS);

/** The longest delay but that of the block makes a timer early by as much. */
const EARLY_MS = 2;

/** Delays of the test's own timer of more than a quarter of a second. */
function watchLoop(): { readonly long: number; stop(): void } {
  let long = 0;
  let last = now();
  const stop = repeat(INTERVAL_MS, () => {
    // A little less, since both timers are not late alike.
    if (now() - last - INTERVAL_MS > 200) long++;
    last = now();
  });
  return {
    get long() {
      return long;
    },
    stop,
  };
}

type Scrape = () => Promise<string>;

/** Where a scrape is answered. */
const PLACES: Readonly<
  Record<
    string,
    (registry: Registry, fn: (scrape: Scrape) => Promise<void>) => Promise<void>
  >
> = {
  "this thread": (registry, fn) => fn(scraper({ registry })),
  "another thread": (registry, fn) =>
    withThread(
      { registry, refreshTimeout: 50 },
      (server) => fn(() => scrape(server)),
    ),
};

/** How the loop is blocked. */
const BLOCKS: Readonly<Record<string, (scrape: Scrape) => unknown>> = {
  "a busy loop": spin,
  "a thread that waits": park,
  async "a block right after a scrape"(scrape) {
    await scrape();
    spin();
  },
  async "a block while a scrape is under way"(scrape) {
    const scraped = scrape();
    spin();
    await scraped;
  },
};

/**
 * Blocks the loop, and asserts that two scrapers see the block: not one interval
 * too short, and no longer than what passed when all other ticks came in time.
 */
async function assertToldAsItIs(
  scrape: Scrape,
  block: (scrape: Scrape) => unknown,
): Promise<void> {
  let isOver = false;
  // Scrapes at other times, which change nothing.
  const others = (async () => {
    for (; !isOver; await sleep(70)) await scrape();
  })();
  const control = watchLoop();
  await sleep(AFTER_MS);
  const startedAt = performance.now();
  const before = delaysOf(await scrape());
  await block(scrape);
  await sleep(AFTER_MS);
  const after = delaysOf(await scrape());
  const passed = performance.now() - startedAt;
  control.stop();
  isOver = true;
  await others;

  const ticks = after.count - before.count;
  const grown = 1000 * (after.seconds - before.seconds);
  assert(grown >= BLOCK_MS - INTERVAL_MS - 1, `${grown} of ${BLOCK_MS} ms`);
  const most = passed - ticks * (INTERVAL_MS - EARLY_MS) + 2 * INTERVAL_MS;
  assert(grown <= most, `${grown} of ${most} ms, in ${ticks} ticks`);
  const long = after.long - before.long;
  assert(long >= 1 && long <= control.long, `${long} of ${control.long}`);
}

for (const [place, serving] of Object.entries(PLACES)) {
  for (const [kind, block] of Object.entries(BLOCKS)) {
    test(`delays grow by ${kind}, as ${place} tells`, () =>
      withRuntime(
        { eventLoopInterval: INTERVAL_MS },
        (registry) =>
          serving(registry, (scrape) => assertToldAsItIs(scrape, block)),
      ));
  }
}

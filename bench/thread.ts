/** Costs of a server on a thread, while the main thread is blocked and not. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Registry } from "prom-client";
import * as promClient from "prom-client";
import { startHttpServerInThread } from "../src/thread/mod.ts";
import { compare, type Comparison } from "./_harness.ts";
import { counters } from "./_registries.ts";
import type { ScraperOrder } from "./_scraper.ts";

const worker = (file: string, workerData?: unknown) =>
  new Worker(new URL(file, import.meta.url), { workerData });

const registry = counters(promClient, 10_000);
const counter = registry.getSingleMetric(
  "http_requests_total",
) as promClient.Counter;
const child = counter.labels("GET", "/api/v1/items/1", "200");

/** Serves a registry on a thread; yields where. */
async function serve(registry: Registry): Promise<string> {
  const addr = "127.0.0.1";
  return (await startHttpServerInThread({ addr, registry })).metricsUrl;
}

/** The same bytes as a server on a thread answers, from one that does no more. */
async function serveFixed(url: string): Promise<string> {
  const body = await (await fetch(url)).text();
  const [fixedUrl] = await once(worker("./_fixed_body.ts", body), "message");
  return fixedUrl;
}

/** The servers and the scraper; none of them runs before it is needed. */
async function setUp() {
  const url = await serve(registry);
  const largeUrl = await serve(counters(promClient, 100_000));
  return {
    scraper: worker("./_scraper.ts"),
    url,
    fixedUrl: await serveFixed(url),
    largeUrl,
    largeFixedUrl: await serveFixed(largeUrl),
  };
}

let running: ReturnType<typeof setUp> | undefined;

function setting(): ReturnType<typeof setUp> {
  return running ??= setUp();
}

/** Has scrapes made, and works meanwhile; yields how long they took. */
async function scrapeDuring(
  order: Omit<ScraperOrder, "done">,
  work: (isDone: () => boolean) => unknown,
): Promise<number[]> {
  const { scraper } = await setting();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const scraped = once(scraper, "message");
  scraper.postMessage({ ...order, done });
  await work(() => Atomics.load(done, 0) === 1);
  const [times] = await scraped;
  return times;
}

/** The slowest of a hundred scrapes but one, of a blocked thread, in ms. */
async function slowest(url: string): Promise<number> {
  const order = { url, count: 100, intervalMs: 10 };
  const times = await scrapeDuring(order, (isDone) => {
    while (!isDone()) child.inc();
  });
  return times.sort((a, b) => a - b)[98];
}

/** How long an update takes, in nanoseconds. */
function timeUpdates(isDone: () => boolean): number {
  let updates = 0;
  const startedAt = performance.now();
  while (!isDone()) {
    for (let n = 0; n < 1000; n++) child.inc();
    updates += 1000;
  }
  return (performance.now() - startedAt) * 1e6 / updates;
}

const UPDATES_MS = 500;

/** How late a timer was at most while something was done, in nanoseconds. */
async function latest(run: () => unknown): Promise<number> {
  let latest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    latest = Math.max(latest, now - last - TIMER_MS);
    last = now;
  }, TIMER_MS);
  await run();
  clearInterval(timer);
  return latest * 1e6;
}

/**
 * The same, of several times the least: what this thread does itself, it does
 * each time; that others have the processor comes and goes.
 */
async function leastLatest(run: () => unknown): Promise<number> {
  let least = Infinity;
  for (let n = 0; n < 5; n++) least = Math.min(least, await latest(run));
  return least;
}

const TIMER_MS = 1;

/** Scrapes once, while this thread does nothing. */
async function scrapeOnce(which: "largeUrl" | "largeFixedUrl"): Promise<void> {
  const url = (await setting())[which];
  await scrapeDuring({ url, count: 1, intervalMs: 0 }, () => {});
}

const comparisons: Comparison[] = [
  {
    name: "p99 of scrapes of 10 000 counters, main thread blocked",
    cases: {
      "a fixed body": async () => slowest((await setting()).fixedUrl),
      "live": async () => slowest((await setting()).url),
    },
    baseline: "a fixed body",
    async check(name) {
      const { url, fixedUrl } = await setting();
      if (name === "a fixed body") {
        const body = await (await fetch(fixedUrl)).text();
        if (!body.includes("\nhttp_requests_total{")) throw new Error(body);
        return;
      }
      const before = await (await fetch(url)).text();
      child.inc();
      const after = await (await fetch(url)).text();
      if (before === after) throw new Error("the scrape is not live");
    },
    sample: async (run) => (await run() as number) * 1e6,
  },
  {
    name: "updates of a counter's child",
    cases: {
      "not scraped": () => {
        const end = performance.now() + UPDATES_MS;
        return timeUpdates(() => performance.now() > end);
      },
      "scraped every 100 ms": async () => {
        let ns = 0;
        const { url } = await setting();
        const count = UPDATES_MS / 100;
        await scrapeDuring({ url, count, intervalMs: 100 }, (isDone) => {
          ns = timeUpdates(isDone);
        });
        return ns;
      },
    },
    baseline: "not scraped",
    async check(_name, run) {
      const value = async () => (await counter.get()).values[1].value;
      const before = await value();
      await run();
      if (await value() === before) throw new Error("nothing is counted");
    },
    sample: async (run) => await run() as number,
  },
  {
    name: "longest hold of the main thread, scrape of 100 000 counters",
    cases: {
      // Threads that are busy take the processor from this one, too.
      "a fixed body": () => scrapeOnce("largeFixedUrl"),
      "live": () => scrapeOnce("largeUrl"),
    },
    baseline: "a fixed body",
    check: () => scrapeOnce("largeUrl"),
    sample: leastLatest,
  },
];
await compare(comparisons);

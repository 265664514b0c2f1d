/** Servers on threads for the tests, and what scrapes them. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import {
  startHttpServerInThread,
  type StartThreadedHttpServerOptions,
  type ThreadedMetricsHttpServer,
} from "../../src/thread/mod.ts";
import { waitUntil } from "../_wait.ts";
import type { DiscoveryOptions } from "../fixtures/thread_discovery.ts";
import type { Scrape } from "../programs/scraper.ts";
import { isListening } from "../server/_servers.ts";

/**
 * So long that no load makes a main thread look blocked, or keeps away what is
 * waited for: all of it takes a second at most on an idle machine.
 */
export const PATIENT_MS = 60_000;

/** By how much the clocks of two threads may differ, in milliseconds. */
export const CLOCKS_MS = 20;

/** Runs `fn` with a server on loopback, which is closed afterwards. */
export async function withThread(
  options: StartThreadedHttpServerOptions,
  fn: (server: ThreadedMetricsHttpServer) => void | Promise<void>,
): Promise<void> {
  const server = await startHttpServerInThread({
    addr: "127.0.0.1",
    refreshTimeout: PATIENT_MS,
    ...options,
  });
  try {
    await fn(server);
  } finally {
    await server.close();
  }
}

/** Scrapes once; of anything but 200 the status comes first. */
export async function scrape(
  { metricsUrl }: Pick<ThreadedMetricsHttpServer, "metricsUrl">,
  init?: RequestInit & { search?: string },
): Promise<string> {
  const response = await fetch(metricsUrl + (init?.search ?? ""), init);
  const text = await response.text();
  return response.ok ? text : `${response.status} ${text}`;
}

/** Finds the value of a sample; `undefined` if it is not there. */
export function valueOf(text: string, sample: string): number | undefined {
  const line = text.split("\n").find((line) => line.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length));
}

/** Blocks this thread. */
export function block(ms: number, work: () => void = () => {}): void {
  const end = performance.now() + ms;
  while (performance.now() < end) work();
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread, and leaves the processor to others. */
export function pauseSync(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}

/**
 * Blocks this thread until a condition holds.
 *
 * @throws {Error} If it never does, naming `what`.
 */
export function blockUntil(what: string, condition: () => boolean): void {
  const deadline = performance.now() + PATIENT_MS;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(`Waited ${PATIENT_MS} ms until ${what}, in vain`);
    }
  }
}

/**
 * Scrapes from another thread, all the time that a function takes.
 *
 * @param work Called with a function that tells how many scrapes were answered.
 */
export async function scrapeDuring(
  url: string,
  intervalMs: number,
  work: (answered: () => number) => void | Promise<void>,
): Promise<Scrape[]> {
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const scraper = new Worker(
    new URL("../programs/scraper.ts", import.meta.url),
    { workerData: { url, intervalMs, answered } },
  );
  try {
    await once(scraper, "message");
    const scraped = once(scraper, "message");
    await work(() => Atomics.load(answered, 0));
    scraper.postMessage("stop");
    const [scrapes] = await scraped;
    return scrapes;
  } finally {
    await scraper.terminate();
  }
}

/** The scrapes of a time in which a thread was blocked. */
export interface Blocked {
  /** The scrapes that were begun and answered meanwhile. */
  readonly scrapes: Scrape[];
  /** Those that were answered afterwards. */
  readonly late: Scrape[];
  /** When the thread began to be blocked, by `Date.now()`. */
  readonly startedAt: number;
}

/**
 * Blocks this thread until a number of scrapes were begun and answered meanwhile:
 * on a busy machine that takes longer, but there are as many.
 *
 * @param work Done again and again, at least once between two answers.
 * @throws {Error} If the scrapes are not answered.
 */
export async function blockDuringScrapes(
  url: string,
  intervalMs: number,
  count: number,
  work: () => void = () => {},
): Promise<Blocked> {
  let [startedAt, first, end] = [0, 0, 0];
  const scrapes = await scrapeDuring(url, intervalMs, (answered) => {
    startedAt = Date.now();
    end = answered();
    // The next one may have begun before.
    first = end + 1;
    let seen = 0;
    blockUntil(`${count} scrapes are answered`, () => {
      work();
      const now = answered();
      if (now > end) seen++;
      end = now;
      return seen > count;
    });
  });
  return {
    scrapes: scrapes.slice(first, end),
    late: scrapes.slice(end),
    startedAt,
  };
}

/** Waits until a thread has let go of its port: Deno tells of its end before. */
export function untilFree(port: number): Promise<void> {
  return waitUntil(
    PATIENT_MS,
    `port ${port} is free`,
    async () => !await isListening("127.0.0.1", port),
  );
}

/** A module for service discovery on the thread, which does as it is told. */
export function discovery(
  options: DiscoveryOptions,
): { module: URL; options: DiscoveryOptions } {
  const url = new URL("../fixtures/thread_discovery.ts", import.meta.url);
  return { module: url, options };
}

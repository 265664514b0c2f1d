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

/** So long that no load on the machine makes a main thread look blocked. */
export const PATIENT_MS = 20_000;

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

/** Scrapes from another thread, all the time that a function takes. */
export async function scrapeDuring(
  url: string,
  intervalMs: number,
  work: () => void | Promise<void>,
): Promise<Scrape[]> {
  const scraper = new Worker(
    new URL("../programs/scraper.ts", import.meta.url),
    { workerData: { url, intervalMs } },
  );
  try {
    await once(scraper, "message");
    const scraped = once(scraper, "message");
    await work();
    scraper.postMessage("stop");
    const [scrapes] = await scraped;
    return scrapes;
  } finally {
    await scraper.terminate();
  }
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

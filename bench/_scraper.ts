/**
 * A thread that scrapes as often as it is told, and tells how long each scrape
 * took, in milliseconds.
 */
import { get, type IncomingMessage } from "node:http";
import { parentPort } from "node:worker_threads";

/** An order to the thread. */
export interface ScraperOrder {
  url: string;
  count: number;
  intervalMs: number;
  /** Becomes 1 when all is done. */
  done: Int32Array;
}

function scrape(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage) => {
      if (response.statusCode !== 200) reject(new Error("it is not answered"));
      // Only the time counts.
      response.resume().once("end", resolve).once("error", reject);
    };
    get(url, { agent: false }, answered).once("error", reject);
  });
}

parentPort!.on("message", async (order: ScraperOrder) => {
  const { url, count, intervalMs, done } = order;
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const startedAt = performance.now();
    await scrape(url);
    const ms = performance.now() - startedAt;
    times.push(ms);
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(intervalMs - ms, 0))
    );
  }
  Atomics.store(done, 0, 1);
  parentPort!.postMessage(times);
});

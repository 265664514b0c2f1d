/** A thread that scrapes over and over, whatever the thread does that started it. */
import { parentPort, workerData } from "node:worker_threads";

/** How a scrape was answered. */
export interface Scrape {
  status: number;
  /** How long it took, in milliseconds. */
  ms: number;
  /** When it was answered, by `Date.now()`. */
  at: number;
  text: string;
}

const { url, intervalMs, answered } = workerData as {
  url: string;
  intervalMs: number;
  /** Counts the scrapes that are over. */
  answered: Int32Array;
};
const scrapes: Scrape[] = [];
let isOver = false;

async function scrape(): Promise<Scrape> {
  const startedAt = performance.now();
  const ended = (status: number, text: string): Scrape => {
    return { status, ms: performance.now() - startedAt, at: Date.now(), text };
  };
  try {
    const response = await fetch(url);
    return ended(response.status, await response.text());
  } catch (error) {
    return ended(0, `${error}`);
  }
}

parentPort!.once("message", () => isOver = true);
parentPort!.postMessage("ready");
while (!isOver) {
  // One after the other, as Prometheus does.
  const next = performance.now() + intervalMs;
  scrapes.push(await scrape());
  Atomics.add(answered, 0, 1);
  await new Promise((resolve) =>
    setTimeout(resolve, Math.max(next - performance.now(), 0))
  );
}
parentPort!.postMessage(scrapes);

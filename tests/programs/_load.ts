/** Load in parts, and what it leaves behind. */
import type { Registry } from "prom-client";
import { progressOf, samplesOf } from "../http/_scrape.ts";
import { waitUntil } from "../_wait.ts";
import { heapUsed } from "./_heap.ts";

/** Between so many parts the heap is measured. */
export const PARTS = 5;

/**
 * Asks an application in parts, and prints what was counted, and by how many bytes
 * the heap has grown with each part but the first.
 *
 * @param ask Asks a part of all; yields how often that was answered as it must be.
 */
export async function printLoad(
  registry: Registry,
  ask: (part: number) => Promise<number>,
): Promise<void> {
  let answered = 0;
  const heap: number[] = [];
  for (let part = 0; part < PARTS; part++) {
    answered += await ask(part);
    await waitUntil(
      60_000,
      "all responses have ended",
      async () => (await progressOf(registry)).inprogress === 0,
    );
    heap.push(await heapUsed());
  }
  console.log(JSON.stringify({
    answered,
    grown: heap.slice(1).map((bytes, n) => bytes - heap[n]),
    ...await progressOf(registry),
    samples: await samplesOf(registry, "http_requests_total"),
  }));
}

import { watchCollections } from "../runtime/collections.ts";
import { now, repeat } from "../runtime/wait.ts";
import { collections, delays } from "./thread_metrics.ts";

const listeners = new Set<() => void>();

/**
 * Calls a function with each look at the event loop, while that is measured.
 *
 * @returns Ends that.
 */
export function onTurn(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Measures the event loop and the collections of this thread, until the result is
 * called; `ms` is the time between two looks at the loop.
 */
export function measure(ms: number): () => void {
  const series = delays.of();
  let lookedAt = now();
  const stop = repeat(ms, () => {
    const at = now();
    series.observe(Math.max(at - lookedAt - ms, 0) / 1000);
    lookedAt = at;
    for (const listener of listeners) listener();
  });
  const stopWatching = watchCollections((kind, seconds) =>
    collections.of({ kind }).observe(seconds)
  );
  return () => {
    stop();
    stopWatching();
  };
}

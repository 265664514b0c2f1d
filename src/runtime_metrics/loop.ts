import { watchCollections } from "../runtime/collections.ts";
import { now, repeat } from "../runtime/wait.ts";
import { collections, delays } from "./thread_metrics.ts";
import { tellTurn } from "./turns.ts";

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
    tellTurn();
  });
  const stopWatching = watchCollections((kind, seconds) =>
    collections.of({ kind }).observe(seconds)
  );
  return () => {
    stop();
    stopWatching();
  };
}

/**
 * All garbage collections of this thread, by each runtime's own way.
 *
 * @module
 */
import process from "node:process";
import { runtimeName } from "./detect.ts";
import { now, repeat } from "./wait.ts";

/** Takes the kind of a collection, and its duration in seconds. */
export type OnCollection = (kind: string, seconds: number) => void;

/**
 * Reports collections from now on; Bun offers no way.
 *
 * @returns Ends that.
 */
export function watchCollections(onCollection: OnCollection): () => void {
  switch (runtimeName()) {
    case "node":
      return observe(onCollection);
    case "deno":
      return profile(onCollection);
    case "bun":
      return () => {};
  }
}

function observe(onCollection: OnCollection): () => void {
  const { PerformanceObserver, constants } = process.getBuiltinModule(
    "node:perf_hooks",
  );
  const kinds: Record<number, string> = {
    [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
    [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
    [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weakcb",
  };
  const observer = new PerformanceObserver((list) => {
    for (const each of list.getEntries()) {
      const { detail, duration } = each as unknown as Collection;
      onCollection(kinds[detail.kind] ?? "other", duration / 1000);
    }
  });
  observer.observe({ type: "gc" });
  return () => observer.disconnect();
}

interface Collection {
  readonly duration: number;
  readonly detail: { readonly kind: number };
}

/** How often entries are taken: each holds 4 kB until then. */
const TAKE_MS = 1000;

/** How often while their unit is unknown. */
const LOOK_MS = 100;

/** No collection is shorter, in nanoseconds; the shortest take 30 times as long. */
const SHORTEST_NS = 1000;

const KINDS: Readonly<Record<string, string>> = {
  Scavenge: "minor",
  MinorMarkSweep: "minor",
  MinorMarkCompact: "minor",
  MarkSweepCompact: "major",
  IncrementalMarking: "incremental",
  ProcessWeakCallbacks: "weakcb",
};

/**
 * Uses the profiler, since Deno never calls observers. Its costs are nanoseconds;
 * Node's are microseconds, which may become Deno's. The unit is found by the costs
 * that fit into the profiled time; until then collections wait.
 */
function profile(onCollection: OnCollection): () => void {
  const { GCProfiler } = process.getBuiltinModule("node:v8");
  const profiler = new GCProfiler();
  profiler.start();
  let takenAt = now();
  let unit: number | undefined;
  let waiting: { kind: string; cost: number }[] = [];
  const take = () => {
    const ms = now() - takenAt;
    // Nothing is lost: collections come between calls, not within.
    const { statistics } = profiler.stop();
    profiler.start();
    takenAt = now();
    unit ??= unitOf(statistics.map(({ cost }) => cost), ms);
    for (const { gcType, cost } of statistics) {
      waiting.push({ kind: KINDS[gcType] ?? "other", cost });
    }
    if (unit === undefined) return;
    for (const { kind, cost } of waiting) onCollection(kind, cost * unit);
    waiting = [];
  };
  const stop = repeat(LOOK_MS, () => {
    if (unit === undefined || now() - takenAt >= TAKE_MS) take();
  });
  return () => {
    stop();
    take();
    profiler.stop();
  };
}

/**
 * Finds the unit of costs, in seconds.
 *
 * @param ms The time within which they all came.
 */
export function unitOf(
  costs: readonly number[],
  ms: number,
): number | undefined {
  const sum = costs.reduce((sum, cost) => sum + cost, 0);
  if (sum > ms * 1000) return 1e-9;
  if (costs.some((cost) => cost < SHORTEST_NS)) return 1e-6;
}

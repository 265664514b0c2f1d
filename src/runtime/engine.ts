/**
 * The figures of a thread, its engine and its heap. Those that a runtime refuses or
 * invents are absent.
 *
 * @module
 */
import process from "node:process";
import { runtimeName } from "./detect.ts";

/** The heap of a thread, in bytes. */
export interface HeapUsage {
  readonly used?: number;
  readonly total?: number;
  readonly external?: number;
  readonly limit?: number;
  /** The spaces that V8 divides it into. */
  readonly spaces: readonly HeapSpace[];
}

/** A space of V8's heap, in bytes. */
interface HeapSpace {
  readonly name: string;
  readonly size: number;
  readonly used: number;
  readonly available: number;
}

const runtime = runtimeName();

const builtin = process.getBuiltinModule;

/** The clock that there was at first: an application's tests replace `Date`. */
const wallClock = Date.now;

/** Which runtime and engine this is. */
export function engineInfo(): Readonly<Record<string, string>> {
  const { versions } = process;
  const isBun = runtime === "bun";
  return {
    runtime,
    version: versions[runtime]!,
    engine: isBun ? "JavaScriptCore" : "V8",
    engine_version: (isBun ? versions.webkit : versions.v8)!,
  };
}

/** The version of Node, unless another runtime only names one. */
export function nodeVersion(): Readonly<Record<string, string>> | undefined {
  if (runtime !== "node") return undefined;
  const { version } = process;
  const [major, minor, patch] = version.slice(1).split(".");
  return { version, major, minor, patch };
}

/** Reads how large this thread's heap is. */
export function heapUsage(): HeapUsage {
  if (runtime === "bun") {
    // Its V8 statistics are made up, after a walk through the heap. Its used heap
    // includes external memory.
    try {
      const { heapUsed, heapTotal: total, external } = process.memoryUsage();
      const used = Math.max(heapUsed - external, 0);
      return { used, total, external, spaces: [] };
    } catch {
      // It reads the resident memory as well, and no descriptor is left for that.
      return { spaces: [] };
    }
  }
  const v8 = builtin("node:v8");
  const heap = v8.getHeapStatistics();
  return {
    used: heap.used_heap_size,
    total: heap.total_heap_size,
    external: heap.external_memory,
    limit: heap.heap_size_limit,
    spaces: v8.getHeapSpaceStatistics().map((space) => ({
      // As the clients name it.
      name: space.space_name.replace("_space", ""),
      size: space.space_size,
      used: space.space_used_size,
      available: space.space_available_size,
    })),
  };
}

/** Counts the resources that keep the event loop alive, by type; none on Bun. */
export function activeResources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  if (runtime === "bun") return counts;
  for (const type of process.getActiveResourcesInfo()) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

/** For how many seconds the event loop was active and idle; only Node knows. */
export function loopTime():
  | { readonly active: number; readonly idle: number }
  | undefined {
  if (runtime !== "node") return undefined;
  const { active, idle } = builtin("node:perf_hooks").performance
    .eventLoopUtilization();
  return { active: active / 1000, idle: idle / 1000 };
}

/** The processor time of this thread, in seconds. */
export function threadSeconds(): number | undefined {
  // Deno knows it in steps of 10 ms, and takes longer for it than for all else.
  if (runtime === "deno") return undefined;
  // Node 22 has it since 22.19.
  const used = process.threadCpuUsage?.();
  return used && (used.user + used.system) / 1e6;
}

/** When the process started, in seconds since the epoch. */
export function startedAt(): number | undefined {
  const { isMainThread } = builtin("node:worker_threads");
  // On a thread of Deno or Bun it is the thread's own start.
  if (!isMainThread && runtime !== "node") return undefined;
  return wallClock() / 1000 - process.uptime();
}

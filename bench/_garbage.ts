/**
 * Collects the garbage of this process, wholly. The collector need not be at hand
 * when the process starts: only Bun offers it without being asked.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

interface BunGlobal {
  Bun?: { gc(isSync: boolean): void };
}

function findCollector(): () => void {
  const { Bun } = globalThis as BunGlobal;
  if (Bun !== undefined) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Runs a major collection, and returns when it is over. */
export const collectGarbage: () => void = findCollector();

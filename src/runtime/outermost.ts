import type { Cluster } from "node:cluster";
import { hostname } from "node:os";
import process from "node:process";
import { isMainThread } from "node:worker_threads";
import { isGranted } from "./permissions.ts";
import { setVariable, variable } from "./variables.ts";

/** The programs of package managers, which start others. */
const PACKAGE_MANAGER =
  /[\\/](?:(?:npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack)(?:-cli)?|yarn-\d[\d.]*)(?:\.[cm]?js)?$/;

/** The number of this process in its cluster, from 1 on, if it is a worker of one. */
export function clusterWorker(): number | undefined {
  // Only a process with a channel to its parent can be one.
  return process.connected ? clusterOf().worker?.id : undefined;
}

function clusterOf(): Cluster {
  return process.getBuiltinModule("node:cluster") as unknown as Cluster;
}

/**
 * Whether this is the process to serve: no thread, no package manager, no child of
 * a process that serves. The workers of a cluster serve, each on a port of its own.
 */
export function isOutermost(): boolean {
  if (!isMainThread || PACKAGE_MANAGER.test(process.argv[1] ?? "")) {
    return false;
  }
  const pid = Number(variable("PID"));
  if (clusterWorker() !== undefined) {
    // Its primary process has no preload.
    if (!(pid > 0)) setVariable("PID", String(process.pid));
    return true;
  }
  if (pid > 0 && pid !== process.pid && isAlive(pid)) return false;
  setVariable("PID", String(process.pid));
  return true;
}

function isAlive(pid: number): boolean {
  // Deno asks for the permission to run programs, and this is no reason for it.
  if ("Deno" in globalThis) return pid === process.ppid;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is there, and another user's.
    return (error as { code?: string }).code === "EPERM";
  }
}

/** The workers that this process has forked. */
export interface Forked {
  hasAny(): boolean;
  onFirst(listener: () => void): void;
}

/** The workers of this process; `undefined` if it can have none. */
export function forkedWorkers(): Forked | undefined {
  if ("Deno" in globalThis || clusterWorker() !== undefined) return;
  const cluster = clusterOf();
  return {
    hasAny: () => Object.keys(cluster.workers ?? {}).length > 0,
    onFirst: (listener) => void cluster.once("fork", listener),
  };
}

/** Names this process among those of all machines, as far as theirs may be known. */
export function nameByPort(port: number): string {
  const own = String(port || process.pid);
  return isGranted({ name: "sys", kind: "hostname" })
    ? `${hostname()}-${own}`
    : own;
}

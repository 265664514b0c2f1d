import type { Runtime } from "./types.ts";

/** A runtime with an adapter. */
export type RuntimeName = "deno" | "bun" | "node";

/** Names the runtime this runs on. All three have a `process`. */
export function runtimeName(): RuntimeName {
  if ("Deno" in globalThis) return "deno";
  if ("Bun" in globalThis) return "bun";
  return "node";
}

/** Loads the adapter of the runtime this runs on. */
export async function loadRuntime(): Promise<Runtime> {
  // Literals, since JSR follows no other specifiers.
  switch (runtimeName()) {
    case "deno":
      return (await import("./deno.ts")).deno;
    case "bun":
      return (await import("./bun.ts")).bun;
    case "node":
      return (await import("./node.ts")).node;
  }
}

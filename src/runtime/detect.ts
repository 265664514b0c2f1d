import type { Runtime } from "./types.ts";

/** The runtimes there is an adapter for. */
export type RuntimeName = "deno" | "bun" | "node";

/** Names the runtime this runs on: Deno and Bun both have a `process` too. */
export function runtimeName(): RuntimeName {
  if ("Deno" in globalThis) return "deno";
  if ("Bun" in globalThis) return "bun";
  return "node";
}

/** Loads the adapter of the runtime this runs on. */
export async function loadRuntime(): Promise<Runtime> {
  // Literals: other specifiers are not followed when the package is published.
  switch (runtimeName()) {
    case "deno":
      return (await import("./deno.ts")).deno;
    case "bun":
      return (await import("./bun.ts")).bun;
    case "node":
      return (await import("./node.ts")).node;
  }
}

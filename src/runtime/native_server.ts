/** Common parts of the adapters of `Deno.serve` and `Bun.serve`. */

import { type Answer, toResponse } from "../answer.ts";
import type { ConnectionLimits } from "./types.ts";

/** The longest body of a request, in bytes: no request here needs one. */
export const MAX_BODY_BYTES: number = 64 * 1024;

/** Names the limits that are set, which only `node:http` can keep. */
export function limitNames(limits: ConnectionLimits = {}): string[] {
  return Object.entries(limits)
    .filter(([, limit]) => limit !== undefined)
    .map(([name]) => name);
}

/**
 * Makes a response of the runtime's own class, which its server requires. The
 * global class may be another one: `serve()` of `@hono/node-server` replaces it
 * by a subclass.
 */
export function nativeResponse(answer: Answer): Response {
  let native = globalThis.Response;
  for (;;) {
    const parent = Object.getPrototypeOf(native);
    if (parent === Function.prototype) return toResponse(answer, native);
    native = parent;
  }
}

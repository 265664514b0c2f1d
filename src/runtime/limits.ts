import type { ConnectionLimits } from "./types.ts";

/** How large a body may be, in bytes: nothing that is asked here has one. */
export const MAX_BODY_BYTES: number = 64 * 1024;

/** Names the limits that are asked for. */
export function limitNames(limits: ConnectionLimits = {}): string[] {
  return Object.entries(limits)
    .filter(([, limit]) => limit !== undefined)
    .map(([name]) => name);
}

import { ConsulError } from "../errors.ts";
import { sleep } from "../runtime/wait.ts";

/** The attempts before an error counts. */
const ATTEMPTS = 3;

/** The longest pause before the second attempt; it doubles before each further one. */
const FIRST_PAUSE_MS = 200;

/** Pauses stop doubling after these failures: their figures would overflow. */
const MAX_DOUBLINGS = 20;

/**
 * The pause after a number of failures, in milliseconds: the first one doubled with
 * each further failure. It is a random part of that, from its half to its whole, so
 * that clients that failed together do not come back together.
 */
export function pauseAfter(failures: number, firstMs: number): number {
  const ms = firstMs * 2 ** Math.min(failures - 1, MAX_DOUBLINGS);
  return ms * (0.5 + Math.random() / 2);
}

/**
 * Makes work that is tried again, with growing pauses, if its error may pass.
 *
 * @throws The error of the last attempt.
 */
export function retrying(
  mayPass: (error: unknown) => boolean,
  attempt: (signal: AbortSignal) => Promise<void>,
): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    for (let n = 1;; n++) {
      try {
        return await attempt(signal);
      } catch (error) {
        if (n === ATTEMPTS || signal.aborted || !mayPass(error)) throw error;
        await sleep(pauseAfter(n, FIRST_PAUSE_MS), { signal });
        if (signal.aborted) throw error;
      }
    }
  };
}

/** The refusals of agents: another attempt would change nothing. */
export const refusals: WeakSet<Error> = new WeakSet();

/** Whether no agent was there, or none was ready: another attempt may succeed. */
export function mayPass(error: unknown): boolean {
  return error instanceof ConsulError && !refusals.has(error);
}

/** Whether the agent has not refused; files that are renewed may fail here as well. */
export function isNoRefusal(error: unknown): boolean {
  return !refusals.has(error as Error);
}

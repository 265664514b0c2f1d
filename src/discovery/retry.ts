import { ConsulError } from "../errors.ts";

/** How often something is tried at once. */
const ATTEMPTS = 3;

/** The longest pause before the second attempt; each further one is doubled. */
const FIRST_PAUSE_MS = 200;

/**
 * Takes a random part of a time, between its half and its whole, so that many
 * who have failed together do not come back together.
 */
export function jittered(ms: number): number {
  return ms * (0.5 + Math.random() / 2);
}

/**
 * Does something again if it fails for a reason that may pass: three times at
 * most, with growing pauses.
 *
 * @param mayPass Whether an error is worth another attempt.
 * @throws What the last attempt has thrown.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  mayPass: (error: unknown) => boolean,
  signal: AbortSignal,
): Promise<T> {
  for (let n = 1;; n++) {
    try {
      return await attempt();
    } catch (error) {
      if (n === ATTEMPTS || signal.aborted || !mayPass(error)) throw error;
      const pause = jittered(FIRST_PAUSE_MS * 2 ** (n - 1));
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (signal.aborted) throw error;
    }
  }
}

/**
 * Whether the agent was not there, or not ready, so that another attempt may have
 * success.
 */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof ConsulError)) return false;
  const { status = 503 } = error;
  return status >= 500 || status === 429;
}

/** The same, also for what fails on this side, such as files that are renewed. */
export function isNoRefusal(error: unknown): boolean {
  return !(error instanceof ConsulError) || mayPass(error);
}

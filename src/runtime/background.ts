import { setInterval } from "node:timers";

/**
 * Calls a function again and again, without keeping the process alive.
 *
 * @param ms The time between two calls, in milliseconds.
 * @returns Ends that.
 */
export function inBackground(ms: number, fn: () => void): () => void {
  const timer = setInterval(fn, ms);
  timer.unref();
  return () => clearInterval(timer);
}

/** A pause that may be ended. */
export interface Pause {
  /** Resolves when it is over. */
  readonly over: Promise<void>;
  /** Ends it now. */
  end(): void;
}

/**
 * Begins a pause that does not keep the process alive.
 *
 * @param ms How long it is, in milliseconds.
 */
export function pauseInBackground(ms: number): Pause {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const end = () => {
    endTimer();
    resolve();
  };
  const endTimer = inBackground(ms, end);
  return { over, end };
}

/**
 * Waits for a promise that does not reject, without keeping the process alive.
 *
 * @param ms How long at most, in milliseconds.
 * @returns Whether it has settled.
 */
export async function settlesWithin(
  ms: number,
  promise: Promise<unknown>,
): Promise<boolean> {
  const pause = pauseInBackground(ms);
  const settled = promise.then(() => true);
  const isSettled = await Promise.race([settled, pause.over.then(() => false)]);
  pause.end();
  return isSettled;
}

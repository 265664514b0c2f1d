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
  const over = Promise.withResolvers<false>();
  const end = inBackground(ms, () => over.resolve(false));
  const settled = promise.then(() => true as const);
  const isSettled = await Promise.race([settled, over.promise]);
  end();
  return isSettled;
}

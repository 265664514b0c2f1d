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

import { settlesWithin } from "../runtime/background.ts";

/**
 * By how many milliseconds a timer is late if its thread was blocked; and how long
 * an answer then takes to be read.
 */
const LATE_MS = 200;

/**
 * Does something until it is done, aborted, or out of time.
 *
 * @param ms How long it may take, in milliseconds.
 * @param aborter Whose signal ends it; it aborts when the time is over.
 * @param lateError Makes the error that is thrown then.
 */
export async function withinTime(
  ms: number,
  aborter: AbortController,
  work: (signal: AbortSignal) => Promise<void>,
  lateError: () => Error,
): Promise<void> {
  const { signal } = aborter;
  const aborted = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => aborted.reject(signal.reason));
  const done = Promise.race([work(signal), aborted.promise]);
  const settled = done.then(() => {}, () => {});
  const startedAt = performance.now();
  if (await settlesWithin(ms, settled)) return await done;
  // If this thread was blocked, the answer may be there and not yet read.
  const isLate = performance.now() - startedAt > ms + LATE_MS;
  if (isLate && await settlesWithin(LATE_MS, settled)) return await done;
  const error = lateError();
  aborter.abort(error);
  throw error;
}

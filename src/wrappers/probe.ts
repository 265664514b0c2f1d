/**
 * What happens at the two ends of a call. A wrapper brings one probe for each
 * metric; `instrument.ts` calls it.
 *
 * @module
 */

/**
 * Any function.
 *
 * @example A function that wraps whatever it is given
 * ```ts
 * import { type AnyFunction, time } from "@prometheus-async/prometheus-async";
 *
 * let calls = 0;
 * function measured<F extends AnyFunction>(fn: F): F {
 *   return time({ observe: () => void calls++ })(fn) as F;
 * }
 * if (measured((a: number, b: number) => a + b)(1, 2) !== 3 || calls !== 1) {
 *   throw new Error("not measured");
 * }
 * ```
 */
// deno-lint-ignore no-explicit-any
export type AnyFunction = (...args: any[]) => unknown;

/** The arguments of a call. */
// deno-lint-ignore no-explicit-any
export type Arguments = readonly any[];

/**
 * Measures calls. None of its methods ever throws: the outcome of a call is the
 * application's, whatever becomes of the measurement.
 *
 * The probes are small classes: engines then inline their methods into the
 * wrapped function, which closures would keep them from.
 */
export interface Probe {
  /** Runs before the call; what it returns is handed to one of the other two. */
  start(args: Arguments): unknown;
  /**
   * Runs when a value was returned or a promise was fulfilled; absent where
   * nothing is to be done then, which a promise settles the faster for.
   */
  succeed?(state: unknown, value: unknown): void;
  /** Runs when something was thrown or a promise was rejected. */
  fail(state: unknown, reason: unknown): void;
}

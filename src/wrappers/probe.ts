/** Any function. */
// deno-lint-ignore no-explicit-any
export type AnyFunction = (...args: any[]) => unknown;

// deno-lint-ignore no-explicit-any
export type Arguments = readonly any[];

/**
 * Measures calls with one metric. Neither function ever throws: a measurement that
 * fails must not change the call's outcome.
 */
export interface Probe {
  /** Whether successful calls need no `end`: their promises settle faster. */
  readonly failuresOnly?: boolean;
  /** Runs before the call; its result is handed to `end`. */
  start(args: Arguments): unknown;
  /**
   * Runs when the call is over.
   *
   * @param result The value that was returned or the promise was fulfilled with;
   * the reason if the call failed.
   */
  end(state: unknown, isFulfilled: boolean, result: unknown): void;
}

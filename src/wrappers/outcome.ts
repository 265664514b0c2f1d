/**
 * How a call ended, as the functions in the options are told.
 *
 * @module
 */

/** How a call ended well. */
export interface FulfilledOutcome {
  /** A value was returned, or the promise was fulfilled. */
  readonly status: "fulfilled";
  /** The value; of a generator that was closed early `undefined`. */
  // deno-lint-ignore no-explicit-any
  readonly value: any;
  /** Absent: the call did not fail. */
  readonly reason?: undefined;
  /** The arguments of the call; none where a promise is measured. */
  // deno-lint-ignore no-explicit-any
  readonly args: readonly any[];
}

/** How a call failed. */
export interface RejectedOutcome {
  /**
   * `aborted` and `timeout` if the reason's `name` is `AbortError` or
   * `TimeoutError`, as an `AbortSignal` makes them; `rejected` for all else, a
   * synchronous throw too.
   */
  readonly status: "rejected" | "aborted" | "timeout";
  /** Absent: the call failed. */
  readonly value?: undefined;
  /** What was thrown. */
  readonly reason: unknown;
  /** The arguments of the call; none where a promise is measured. */
  // deno-lint-ignore no-explicit-any
  readonly args: readonly any[];
}

/** How a call ended. */
export type Outcome = FulfilledOutcome | RejectedOutcome;

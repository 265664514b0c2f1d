/**
 * How a call ended, as the functions in the options are told.
 *
 * @module
 */

/**
 * How a call ended well.
 *
 * @example The value as a label
 * ```ts
 * import { type Outcome, time } from "@prometheus-async/prometheus-async";
 * import { Histogram } from "prom-client";
 *
 * const seconds = new Histogram({
 *   name: "answer_seconds",
 *   help: "Time to answer",
 *   labelNames: ["code"],
 * });
 * const code = (outcome: Outcome) =>
 *   outcome.status === "fulfilled" ? outcome.value.status : 500;
 * const answer = time(seconds, { labels: (outcome) => ({ code: code(outcome) }) })(
 *   () => Promise.resolve(new Response(null, { status: 204 })),
 * );
 * await answer();
 * const { values } = await seconds.get();
 * if (values[0].labels.code !== 204) throw new Error("not labelled");
 * ```
 */
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

/**
 * How a call failed.
 *
 * @example Telling a timeout from other failures
 * ```ts
 * import { countExceptions, type RejectedOutcome } from "@prometheus-async/prometheus-async";
 * import { Counter } from "prom-client";
 *
 * const failures = new Counter({
 *   name: "failures_total",
 *   help: "Failures",
 *   labelNames: ["why"],
 * });
 * const labels = ({ status }: RejectedOutcome) => ({ why: status });
 * const late = new DOMException("too late", "TimeoutError");
 * await countExceptions(failures, Promise.reject(late), { labels })
 *   .catch(() => {});
 * const { values } = await failures.get();
 * if (values[0].labels.why !== "timeout") throw new Error("not labelled");
 * ```
 */
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

/**
 * How a call ended.
 *
 * @example Keeping what was measured
 * ```ts
 * import { type Outcome, time } from "@prometheus-async/prometheus-async";
 * import { Histogram } from "prom-client";
 *
 * const seconds = new Histogram({
 *   name: "step_seconds",
 *   help: "Time of steps",
 *   labelNames: ["step"],
 * });
 * const outcomes: Outcome[] = [];
 * const step = time(seconds, {
 *   labels(outcome) {
 *     outcomes.push(outcome);
 *     return { step: outcome.args[0] };
 *   },
 * })((name: string) => name.length);
 * step("read");
 * if (outcomes[0].value !== 4) throw new Error("not kept");
 * ```
 */
export type Outcome = FulfilledOutcome | RejectedOutcome;

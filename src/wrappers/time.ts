import type { Observer } from "../types.ts";
import {
  type AnyFunction,
  type Probe,
  requireMethods,
  wrapWith,
} from "./instrument.ts";

/**
 * Measures how long a function takes, to the end of the promise it returns.
 *
 * Each call makes one observation in seconds: when the promise settles, or, for
 * a function that returns a plain value, on return. A call that fails, by a
 * rejection or by a throw, is observed too. The outcome is passed through
 * untouched; an error that the metric throws never reaches the caller.
 *
 * @example Timing an async function
 * ```ts
 * import { time } from "@prometheus-async/prometheus-async";
 * import { Histogram } from "prom-client";
 *
 * const requestTime = new Histogram({
 *   name: "request_duration_seconds",
 *   help: "Time spent in requests",
 * });
 *
 * const answer = time(requestTime)(async (name: string) => {
 *   await new Promise((resolve) => setTimeout(resolve, 10));
 *   return `Hello ${name}`;
 * });
 *
 * if (await answer("Ada") !== "Hello Ada") throw new Error("changed");
 * ```
 *
 * @param metric What takes the observations, in seconds.
 * @returns A function that wraps the function given to it and keeps its type,
 * `this`, arguments, `name` and `length`.
 * @throws {TypeError} At once, if `metric` has no `observe()`; when wrapping, if
 * what is given is not a function: classes and generator functions are refused.
 */
export function time(metric: Observer): <F extends AnyFunction>(fn: F) => F;
/**
 * Measures how long a promise takes to settle, from this call on.
 *
 * The promise returned takes the place of the one given: a rejection is to be
 * handled there.
 *
 * @example Timing a promise that already exists
 * ```ts
 * import { time } from "@prometheus-async/prometheus-async";
 *
 * const seen: number[] = [];
 * const metric = { observe: (seconds: number) => seen.push(seconds) };
 *
 * const value = await time(metric, Promise.resolve(42));
 * if (value !== 42 || seen.length !== 1) throw new Error("not measured");
 * ```
 *
 * @typeParam T What the promise yields.
 * @param metric What takes the observation, in seconds.
 * @param promise A promise or another thenable.
 * @returns A promise that settles as `promise` does, with the same value or the
 * same rejection object.
 * @throws {TypeError} If `metric` has no `observe()` or `promise` is none.
 */
export function time<T>(metric: Observer, promise: PromiseLike<T>): Promise<T>;
export function time(
  metric: Observer,
  ...promise: [] | [PromiseLike<unknown>]
): unknown {
  requireMethods("time", metric, ["observe"]);
  const end = (started: number) =>
    metric.observe((performance.now() - started) / 1000);
  const probe: Probe = {
    start: () => performance.now(),
    succeed: end,
    fail: end,
  };
  return wrapWith("time", metric, probe, promise);
}

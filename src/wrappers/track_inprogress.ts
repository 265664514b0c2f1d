import type { IncDecrementer } from "../types.ts";
import {
  type AnyFunction,
  type Probe,
  requireMethods,
  wrapWith,
} from "./instrument.ts";

/**
 * Tracks how many calls of a function are in progress: up on entry, down when
 * its promise settles, or, for a function that returns a plain value, on return
 * or throw.
 *
 * The name keeps the one word `inprogress` of Prometheus' own guides.
 *
 * @example Tracking calls in progress
 * ```ts
 * import { trackInprogress } from "@prometheus-async/prometheus-async";
 * import { Gauge } from "prom-client";
 *
 * const inprogress = new Gauge({
 *   name: "jobs_inprogress",
 *   help: "Jobs being worked on",
 * });
 *
 * const work = trackInprogress(inprogress)(async () => {
 *   const [{ value }] = (await inprogress.get()).values;
 *   return value;
 * });
 *
 * if (await work() !== 1) throw new Error("not tracked");
 * ```
 *
 * @param metric What goes up and down by one.
 * @returns A function that wraps the function given to it and keeps its type,
 * `this`, arguments, `name` and `length`.
 * @throws {TypeError} At once, if `metric` lacks `inc()` or `dec()`; when
 * wrapping, if what is given is not a function: classes and generator functions
 * are refused.
 */
export function trackInprogress(
  metric: IncDecrementer,
): <F extends AnyFunction>(fn: F) => F;
/**
 * Tracks a promise as in progress, from this call until it settles.
 *
 * The promise returned takes the place of the one given: a rejection is to be
 * handled there.
 *
 * @example Tracking a promise
 * ```ts
 * import { trackInprogress } from "@prometheus-async/prometheus-async";
 *
 * const seen: string[] = [];
 * const metric = { inc: () => seen.push("up"), dec: () => seen.push("down") };
 *
 * const tracked = trackInprogress(metric, Promise.resolve(42));
 * seen.push("pending");
 * await tracked;
 * if (seen.join() !== "up,pending,down") throw new Error(seen.join());
 * ```
 *
 * @typeParam T What the promise yields.
 * @param metric What goes up and down by one.
 * @param promise A promise or another thenable.
 * @returns A promise that settles as `promise` does, with the same value or the
 * same rejection object.
 * @throws {TypeError} If `metric` lacks `inc()` or `dec()`, or `promise` is
 * none.
 */
export function trackInprogress<T>(
  metric: IncDecrementer,
  promise: PromiseLike<T>,
): Promise<T>;
export function trackInprogress(
  metric: IncDecrementer,
  ...promise: [] | [PromiseLike<unknown>]
): unknown {
  requireMethods("trackInprogress", metric, ["inc", "dec"]);
  const leave = () => metric.dec();
  const probe: Probe = {
    start: () => {
      metric.inc();
      return 0;
    },
    succeed: leave,
    fail: leave,
  };
  return wrapWith("trackInprogress", metric, probe, promise);
}

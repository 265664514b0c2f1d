/**
 * Wrappers that measure functions and promises with metrics of any client.
 *
 * This entry point imports nothing: no client, no runtime.
 *
 * @example Wrapping one function in all three
 * ```ts
 * import {
 *   countExceptions,
 *   time,
 *   trackInprogress,
 * } from "@prometheus-async/prometheus-async/wrappers";
 *
 * const seen: string[] = [];
 * const metric = {
 *   observe: () => seen.push("observe"),
 *   inc: () => seen.push("inc"),
 *   dec: () => seen.push("dec"),
 * };
 *
 * const work = time(metric)(
 *   countExceptions(metric)(trackInprogress(metric)(async () => 42)),
 * );
 *
 * await work();
 * if (seen.join() !== "inc,dec,observe") throw new Error(seen.join());
 * ```
 *
 * @module
 */

export { time, type TimeOptions } from "./time.ts";
export {
  countExceptions,
  type CountExceptionsOptions,
  type ErrorClass,
} from "./count_exceptions.ts";
export {
  type CallEntry,
  trackInprogress,
  type TrackInprogressOptions,
} from "./track_inprogress.ts";
export type { AnyFunction } from "./probe.ts";
export type { LabelNames, LabelValues } from "./labels.ts";
export type { OutcomeOptions, WrapperOptions } from "./options.ts";
export type { FulfilledOutcome, Outcome, RejectedOutcome } from "./outcome.ts";
export type { OwnThenable, Wrapper } from "./wrapper.ts";
export type { IncDecrementer, Incrementer, Observer } from "../types.ts";

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
} from "./count_exceptions.ts";
export {
  trackInprogress,
  type TrackInprogressOptions,
} from "./track_inprogress.ts";
export type { AnyFunction } from "./probe.ts";
export type { Wrapper } from "./wrapper.ts";
export type {
  LabelNames,
  LabelValues,
  Outcome,
  WrapperOptions,
} from "./wrapper_options.ts";
export type { IncDecrementer, Incrementer, Observer } from "../types.ts";

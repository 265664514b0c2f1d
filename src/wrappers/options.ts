/**
 * The options that wrappers share.
 *
 * @module
 */

import type { LabelValues } from "./labels.ts";
import type { Outcome } from "./outcome.ts";

/**
 * What all wrappers can be told.
 *
 * @example Where errors of a metric go
 * ```ts
 * import { time, type WrapperOptions } from "@prometheus-async/prometheus-async";
 *
 * const errors: unknown[] = [];
 * const options: WrapperOptions = { onError: (error) => errors.push(error) };
 * const broken = {
 *   observe() {
 *     throw new Error("out of order");
 *   },
 * };
 * if (time(broken, options)(() => 1)() !== 1) throw new Error("changed");
 * if (errors.length !== 1) throw new Error("not told");
 * ```
 */
export interface WrapperOptions {
  /**
   * Takes each error that the metric, or a function in these options, throws or
   * rejects with. The wrapped function's caller never sees it.
   *
   * @default {undefined} The first error of the wrapper, or where promises are
   * measured of the metric, is written to `console.error`.
   */
  onError?: (error: unknown) => void;
}

/**
 * What the wrappers that measure at the end of a call can be told.
 *
 * @example Labels from how a call ended
 * ```ts
 * import { type OutcomeOptions, time } from "@prometheus-async/prometheus-async";
 * import { Histogram } from "prom-client";
 *
 * const seconds = new Histogram({
 *   name: "job_seconds",
 *   help: "Time in jobs",
 *   labelNames: ["status"],
 * });
 * const options: OutcomeOptions<"status"> = {
 *   labels: ({ status }) => ({ status }),
 * };
 * await time(seconds, Promise.reject(new Error("no")), options).catch(() => {});
 * const { values } = await seconds.get();
 * if (values[0].labels.status !== "rejected") throw new Error("not labelled");
 * ```
 *
 * @typeParam Name The names of the metric's labels.
 * @typeParam O The outcomes that are measured.
 */
export interface OutcomeOptions<
  Name extends string = string,
  O extends Outcome = Outcome,
> extends WrapperOptions {
  /**
   * The label values, or a function that makes them of how the call ended; then
   * pass the metric itself, not a child of it. A function that throws, or
   * returns something else, costs the measurement, and `onError` learns why.
   *
   * @default {undefined} The metric is used as it is, which is right for one
   * without labels and for a child.
   */
  labels?: LabelValues<Name> | ((outcome: O) => LabelValues<Name>);
  /**
   * Makes the labels of an exemplar, such as a trace's id, or nothing for no
   * exemplar. It runs in the caller's asynchronous context. Only a metric made
   * with `enableExemplars` takes them; for any other this is ignored.
   *
   * @default {undefined} No exemplars.
   */
  exemplar?: (outcome: O) => LabelValues | undefined;
}

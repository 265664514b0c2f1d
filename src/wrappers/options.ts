/**
 * The options that wrappers share, and how they are read from a call.
 *
 * @module
 */

import { describe } from "../describe.ts";
import type { LabelValues } from "./labels.ts";
import type { Outcome } from "./outcome.ts";
import { type Thenable, thenOf } from "./thenable.ts";

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

/** What was given to a wrapper besides the metric. */
export interface WrapperCall<Options> {
  /** The promise to measure; without one, a wrapper is to be made. */
  readonly promise: Thenable | undefined;
  readonly options: Readonly<Options>;
}

/**
 * Tells a wrapper's two forms apart.
 *
 * @throws {TypeError} If the second argument is neither a promise nor options,
 * or the options are no object.
 */
export function readCall<Options extends object>(
  wrapper: string,
  rest: readonly unknown[],
): WrapperCall<Options> {
  if (rest.length === 0) return { promise: undefined, options: {} as Options };
  const [first, second = {}] = rest;
  const then = thenOf(first);
  if (then === undefined && !isPlainObject(first)) {
    throw new TypeError(
      `Cannot use ${wrapper}() on this second argument: a promise is ` +
        `required, or an object of options, received ${describe(first)}; ` +
        `to wrap a function, call ${wrapper}(metric)(fn)`,
    );
  }
  const options = then === undefined ? first : second;
  if (!isPlainObject(options)) {
    throw new TypeError(
      `Cannot use ${wrapper}(): options must be an object, ` +
        `received ${describe(options)}`,
    );
  }
  return {
    promise: then && { value: first, then },
    options: options as Options,
  };
}

/**
 * Checks that options are functions where they must be.
 *
 * @throws {TypeError} If one is something else.
 */
export function requireFunctions<Options extends object>(
  wrapper: string,
  options: Options,
  names: readonly (keyof Options & string)[],
): void {
  for (const name of names) {
    const value = options[name];
    if (value === undefined || typeof value === "function") continue;
    throw new TypeError(
      `Cannot use ${wrapper}(): ${name} must be a function, ` +
        `received ${describe(value)}`,
    );
  }
}

/**
 * Checks that a function in the options has not returned a promise: measuring
 * does not wait.
 *
 * @throws {TypeError} If it has; its rejection is then nobody's concern.
 */
export function refusePromise(
  wrapper: string,
  name: string,
  returned: unknown,
): void {
  const then = thenOf(returned);
  if (then === undefined) return;
  Reflect.apply(then, returned, [() => {}, () => {}]);
  throw new TypeError(
    `Cannot measure with ${wrapper}(): ${name} must not be asynchronous, ` +
      `received a promise`,
  );
}

/** Tells an object literal from a `Response`, a `Map` or an array. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  // Of another realm, too, where `Object.prototype` is another.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

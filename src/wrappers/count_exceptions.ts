import { describe } from "../describe.ts";
import type { Incrementer } from "../types.ts";
import {
  type AnyFunction,
  type Probe,
  requireMethods,
  wrapWith,
} from "./instrument.ts";

/** A class whose instances can be thrown. */
// deno-lint-ignore no-explicit-any
export type ErrorClass = abstract new (...args: any[]) => unknown;

/** Options for {@linkcode countExceptions}. */
export interface CountExceptionsOptions {
  /**
   * The error class, or several, that count; instances of their subclasses do
   * too.
   *
   * @default {undefined} Everything that is thrown counts, errors or not.
   */
  exc?: ErrorClass | readonly ErrorClass[];
}

/**
 * Counts the calls of a function that fail: by a throw, or by the rejection of
 * the promise it returns.
 *
 * The error is passed on untouched.
 *
 * @example Counting one kind of error
 * ```ts
 * import { countExceptions } from "@prometheus-async/prometheus-async";
 * import { Counter } from "prom-client";
 *
 * const errors = new Counter({
 *   name: "parse_errors_total",
 *   help: "Documents that could not be parsed",
 * });
 *
 * const parse = countExceptions(errors, { exc: SyntaxError })(
 *   async (text: string) => JSON.parse(text),
 * );
 *
 * await parse("{").catch(() => "not JSON");
 * const [{ value }] = (await errors.get()).values;
 * if (value !== 1) throw new Error("not counted");
 * ```
 *
 * @param metric What is incremented by one for each failure.
 * @param options Which failures count; leave it out rather than pass
 * `undefined`, which is taken for a promise that is missing.
 * @returns A function that wraps the function given to it and keeps its type,
 * `this`, arguments, `name` and `length`.
 * @throws {TypeError} At once, if `metric` has no `inc()` or `exc` is not a
 * class or several; when wrapping, if what is given is not a function: classes
 * and generator functions are refused.
 */
export function countExceptions(
  metric: Incrementer,
  options?: CountExceptionsOptions,
): <F extends AnyFunction>(fn: F) => F;
/**
 * Counts the rejection of a promise.
 *
 * The promise returned takes the place of the one given: a rejection is to be
 * handled there.
 *
 * @example Counting a promise's rejection
 * ```ts
 * import { countExceptions } from "@prometheus-async/prometheus-async";
 *
 * let count = 0;
 * const metric = { inc: () => void count++ };
 *
 * const reason = new Error("no");
 * const caught = await countExceptions(metric, Promise.reject(reason))
 *   .catch((error) => error);
 * if (caught !== reason || count !== 1) throw new Error("not counted");
 * ```
 *
 * @typeParam T What the promise yields.
 * @param metric What is incremented by one on a rejection.
 * @param promise A promise or another thenable.
 * @param options Which rejections count.
 * @returns A promise that settles as `promise` does, with the same value or the
 * same rejection object.
 * @throws {TypeError} If `metric` has no `inc()`, `promise` is none, or `exc`
 * is not a class or several.
 */
export function countExceptions<T>(
  metric: Incrementer,
  promise: PromiseLike<T>,
  options?: CountExceptionsOptions,
): Promise<T>;
export function countExceptions(
  metric: Incrementer,
  ...rest:
    | [CountExceptionsOptions?]
    | [PromiseLike<unknown>, CountExceptionsOptions?]
): unknown {
  requireMethods("countExceptions", metric, ["inc"]);
  const isFunctionForm = rest.length === 0 || isOptions(rest[0]);
  const promise = isFunctionForm ? [] : [rest[0]];
  const options = isFunctionForm ? rest[0] : rest[1];
  const probe = failureProbe(metric, options as CountExceptionsOptions);
  return wrapWith("countExceptions", metric, probe, promise);
}

function isOptions(value: unknown): value is CountExceptionsOptions {
  return typeof value === "object" && value !== null &&
    !Array.isArray(value) && !("then" in value);
}

function failureProbe(
  metric: Incrementer,
  options: CountExceptionsOptions = {},
): Probe {
  const { exc } = options;
  const classes = exc === undefined ? undefined : [exc].flat() as ErrorClass[];
  for (const candidate of classes ?? []) {
    // An arrow function, such as a predicate, is no class to be an instance of.
    if (typeof candidate === "function" && candidate.prototype) continue;
    throw new TypeError(
      `Cannot use countExceptions(): exc must be an error class or several, ` +
        `received ${describe(candidate)}`,
    );
  }
  return {
    start: () => 0,
    succeed: () => {},
    fail: (_started, error) => {
      if (!classes || classes.some((type) => error instanceof type)) {
        metric.inc();
      }
    },
  };
}

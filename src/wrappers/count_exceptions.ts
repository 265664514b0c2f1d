import { describe } from "../base/describe.ts";
import type { Report } from "../base/report.ts";
import type { Incrementer } from "../types.ts";
import { metricCall, refusePromise } from "./measurement.ts";
import { FailureProbe } from "./plain_probes.ts";
import type { Arguments } from "./probe.ts";
import { isObject } from "./promises.ts";
import { type Wrapper, type WrapperDescription, wrapWith } from "./wrapper.ts";
import type { LabelNames, Outcome, WrapperOptions } from "./wrapper_options.ts";

/**
 * Options for {@linkcode countExceptions}.
 *
 * @typeParam Name The names of the metric's labels.
 */
export interface CountExceptionsOptions<Name extends string = string>
  extends WrapperOptions<Name, Exclude<Outcome, { status: "fulfilled" }>> {
  /**
   * The error class, or several, that count, with their subclasses. The built-in
   * ones stand for those of other realms as well, as Jest and `node:vm` have them.
   * With `filter`, both must agree.
   *
   * @default {undefined} Everything that is thrown counts, errors or not.
   */
  exc?:
    // deno-lint-ignore no-explicit-any
    | (abstract new (...args: any[]) => unknown)
    // deno-lint-ignore no-explicit-any
    | readonly (abstract new (...args: any[]) => unknown)[];
  /**
   * Tells whether an error counts. If it throws, the error does not count, and
   * `onError` learns why.
   *
   * @default {undefined} Every error of a class in `exc` counts.
   */
  filter?: (reason: unknown) => boolean;
}

/**
 * Counts the calls of a function that fail: by a throw, or by the rejection of
 * the promise it returns.
 *
 * The error is passed on untouched. Of a generator, the error that ends it
 * counts.
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
 * @example Counting all failures but aborts
 * ```ts
 * import { countExceptions } from "@prometheus-async/prometheus-async";
 *
 * let count = 0;
 * const wait = countExceptions(
 *   { inc: () => void count++ },
 *   { filter: (reason) => (reason as Error).name !== "AbortError" },
 * )(async (signal: AbortSignal) => {
 *   await Promise.resolve();
 *   signal.throwIfAborted();
 * });
 *
 * await wait(AbortSignal.abort()).catch(() => {});
 * await wait(AbortSignal.abort(new Error("no"))).catch(() => {});
 * if (count !== 1) throw new Error("counted wrongly");
 * ```
 *
 * @typeParam M The metric's type, which may tell its labels' names.
 * @param metric Incremented by one for each failure.
 * @param options Which failures count, labels, exemplars, and where errors go.
 * Leave it out rather than pass `undefined`, which is taken for a missing promise.
 * @returns A wrapper of functions, which is a decorator as well.
 * @throws {TypeError} If `metric` has no `inc()` or an option is invalid.
 */
export function countExceptions<M extends Incrementer>(
  metric: M,
  options?: CountExceptionsOptions<LabelNames<M>>,
): Wrapper;
/**
 * Counts the rejection of a promise.
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
 * @param metric Incremented by one on a rejection.
 * @param promise A promise or another thenable; a lazy one is started.
 * @param options Which rejections count, labels, exemplars, and where errors go.
 * @returns A promise that settles as `promise` does, with the same value or
 * rejection object; handle rejections there.
 * @throws {TypeError} If `metric` has no `inc()`, `promise` is no thenable, or an
 * option is invalid.
 */
export function countExceptions<M extends Incrementer, T>(
  metric: M,
  promise: PromiseLike<T>,
  options?: CountExceptionsOptions<LabelNames<M>>,
): Promise<T>;
export function countExceptions(
  metric: Incrementer,
  ...rest: unknown[]
): unknown {
  return wrapWith(COUNT_EXCEPTIONS, metric, rest);
}

const COUNT_EXCEPTIONS: WrapperDescription<
  Incrementer,
  CountExceptionsOptions
> = {
  name: "countExceptions",
  methods: ["inc"],
  options: ["exc", "filter", "labels", "exemplar", "onError"],
  makeProbe(metric, options, report) {
    const { name } = COUNT_EXCEPTIONS;
    const count = metricCall(name, metric, "inc", options, report);
    const matches = matcher(options, report);
    if (count === undefined) return new FailureProbe(metric, matches, report);
    return {
      failuresOnly: true,
      start: (args) => args,
      end(args: Arguments, isFulfilled, reason) {
        if (isFulfilled || matches?.(reason) === false) return;
        count(false, reason, args);
      },
    };
  },
};

/** Makes a function that tells whether a failure counts; it never throws. */
function matcher(
  { exc, filter }: CountExceptionsOptions,
  report: Report,
): ((reason: unknown) => boolean) | undefined {
  const classes = exc === undefined ? undefined : [exc].flat();
  for (const candidate of classes ?? []) {
    // An arrow function, such as a predicate, has no instances.
    if (typeof candidate === "function" && candidate.prototype) continue;
    throw new TypeError(
      "Cannot use countExceptions(): exc must be an error class or several, " +
        `received ${describe(candidate)}`,
    );
  }
  if (classes === undefined && filter === undefined) return undefined;
  const isOf = classes?.map(instanceTest);
  return (reason) => {
    try {
      if (isOf?.some((test) => test(reason)) === false) return false;
      if (filter === undefined) return true;
      const matches = filter(reason);
      // A promise would let every error count, since it is true.
      refusePromise(COUNT_EXCEPTIONS.name, "filter", matches);
      return Boolean(matches);
    } catch (error) {
      report(error);
      return false;
    }
  };
}

/**
 * Makes a test for instances of a class. The built-in classes of errors stand for
 * those of all realms: Jest and `node:vm` run code in one of its own.
 */
function instanceTest(
  type: abstract new (...args: never[]) => unknown,
): (reason: unknown) => boolean {
  const name = builtInName(type);
  if (name === undefined) return (reason) => reason instanceof type;
  const { isError } = Error as { isError?(reason: unknown): boolean };
  return (reason) => {
    if (reason instanceof type) return true;
    if (name === "Error" && isError?.(reason)) return true;
    for (
      let each = reason;
      isObject(each);
      each = Object.getPrototypeOf(each)
    ) {
      if (builtInName(each.constructor) === name) return true;
    }
    return false;
  };
}

/** The name of a built-in class of errors, of any realm. */
function builtInName(type: unknown): string | undefined {
  if (typeof type !== "function") return undefined;
  const source = Function.prototype.toString.call(type);
  return BUILT_IN.exec(source)?.slice(1).find(Boolean);
}

/** Node and Deno have a `DOMException` in JavaScript. */
const BUILT_IN =
  /^(?:function (\w*Error|DOMException)\(\)\s*\{\s*\[native code\]|class (DOMException)\b)/;

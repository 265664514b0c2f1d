import { describe } from "../describe.ts";
import type { Incrementer } from "../types.ts";
import type { LabelNames } from "./labels.ts";
import {
  type MetricCall,
  metricCall,
  refusePromise,
  type Report,
  watch,
} from "./measurement.ts";
import type { OutcomeOptions } from "./options.ts";
import type { RejectedOutcome } from "./outcome.ts";
import type { Arguments, Probe } from "./probe.ts";
import { type Wrapper, type WrapperDescription, wrapWith } from "./wrapper.ts";

/**
 * A class whose instances can be thrown.
 *
 * @example A list of classes of its own
 * ```ts
 * import { countExceptions, type ErrorClass } from "@prometheus-async/prometheus-async";
 *
 * const ours: ErrorClass[] = [RangeError, SyntaxError];
 * let count = 0;
 * const metric = { inc: () => void count++ };
 * const parse = countExceptions(metric, { exc: ours })(JSON.parse);
 * try {
 *   parse("{");
 * } catch {
 *   // It is counted.
 * }
 * if (count !== 1) throw new Error("not counted");
 * ```
 */
// deno-lint-ignore no-explicit-any
export type ErrorClass = abstract new (...args: any[]) => unknown;

/**
 * Options for {@linkcode countExceptions}.
 *
 * @example What does not count
 * ```ts
 * import { countExceptions, type CountExceptionsOptions } from "@prometheus-async/prometheus-async";
 *
 * const options: CountExceptionsOptions = {
 *   exc: [TypeError, RangeError],
 *   filter: (reason) => (reason as Error).message !== "expected",
 * };
 * let count = 0;
 * const metric = { inc: () => void count++ };
 * const fail = countExceptions(metric, options)((message: string) => {
 *   throw new TypeError(message);
 * });
 * for (const message of ["expected", "surprising"]) {
 *   try {
 *     fail(message);
 *   } catch {
 *     // One of them counts.
 *   }
 * }
 * if (count !== 1) throw new Error(`counted ${count}`);
 * ```
 *
 * @typeParam Name The names of the metric's labels.
 */
export interface CountExceptionsOptions<Name extends string = string>
  extends OutcomeOptions<Name, RejectedOutcome> {
  /**
   * The error class, or several, that count; instances of their subclasses do
   * too. With `filter`, both must agree.
   *
   * @default {undefined} Everything that is thrown counts, errors or not.
   */
  exc?: ErrorClass | readonly ErrorClass[];
  /**
   * Tells whether an error counts. One that throws does not let it count, and
   * `onError` learns why.
   *
   * @default {undefined} Every error counts that is of a class in `exc`.
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
 * @example Counting all but what the caller gave up
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
 * @param metric What is incremented by one for each failure.
 * @param options Which failures count, labels, exemplars, and where errors go;
 * leave it out rather than pass `undefined`, which is taken for a promise that
 * is missing.
 * @returns What wraps functions, and decorates methods.
 * @throws {TypeError} If `metric` has no `inc()`, `exc` is not a class or
 * several, or another option is not what it must be.
 */
export function countExceptions<M extends Incrementer>(
  metric: M,
  options?: CountExceptionsOptions<LabelNames<M>>,
): Wrapper;
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
 * @typeParam M The metric's type, which may tell its labels' names.
 * @typeParam T What the promise yields.
 * @param metric What is incremented by one on a rejection.
 * @param promise A promise or another thenable; a lazy one is started.
 * @param options Which rejections count, labels, exemplars, and where errors go.
 * @returns A promise that settles as `promise` does, with the same value or the
 * same rejection object.
 * @throws {TypeError} If `metric` has no `inc()`, `promise` is neither a
 * promise nor another thenable, `exc` is not a class or several, or another option is not what it must be.
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
  functions: ["exemplar", "filter", "onError"],
  makeProbe(metric, options, report) {
    const { name } = COUNT_EXCEPTIONS;
    const call = metricCall(name, metric, "inc", options, report);
    return new FailureProbe(metric, call, matcher(options), report);
  },
};

type Matches = (reason: unknown) => boolean;

function matcher(
  { exc, filter: givenFilter }: CountExceptionsOptions,
): Matches | undefined {
  const filter = givenFilter && synchronous(givenFilter);
  if (exc === undefined) return filter;
  const classes = [exc].flat() as ErrorClass[];
  for (const candidate of classes) {
    // An arrow function, such as a predicate, is no class to be an instance of.
    if (typeof candidate === "function" && candidate.prototype) continue;
    throw new TypeError(
      "Cannot use countExceptions(): exc must be an error class or several, " +
        `received ${describe(candidate)}`,
    );
  }
  const isInstance: Matches = (reason) =>
    classes.some((type) => reason instanceof type);
  if (filter === undefined) return isInstance;
  return (reason) => isInstance(reason) && filter(reason);
}

/** Makes a filter fail that is asynchronous: every promise is true. */
function synchronous(filter: Matches): Matches {
  return (reason) => {
    const matches = filter(reason);
    refusePromise(COUNT_EXCEPTIONS.name, "filter", matches);
    return matches;
  };
}

/** Counts the calls that failed. */
class FailureProbe implements Probe {
  readonly #metric: Incrementer;
  readonly #call: MetricCall | undefined;
  readonly #matches: Matches | undefined;
  readonly #report: Report;

  constructor(
    metric: Incrementer,
    call: MetricCall | undefined,
    matches: Matches | undefined,
    report: Report,
  ) {
    this.#metric = metric;
    this.#call = call;
    this.#matches = matches;
    this.#report = report;
  }

  start(args: Arguments): Arguments | undefined {
    return this.#call === undefined ? undefined : args;
  }

  fail(args: Arguments | undefined, reason: unknown): void {
    try {
      if (this.#matches !== undefined && !this.#matches(reason)) return;
      const returned = this.#call === undefined
        ? this.#metric.inc()
        : this.#call(false, reason, args!);
      watch(returned, this.#report);
    } catch (error) {
      this.#report(error);
    }
  }
}

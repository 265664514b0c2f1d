/**
 * The one place that knows what can be wrapped and when it ends. The wrappers
 * say what to do at the two ends; this calls them there, and never lets them
 * touch the outcome.
 *
 * @module
 */

import { describe, isClass, isGenerator } from "../describe.ts";

/** Any function. */
// deno-lint-ignore no-explicit-any
export type AnyFunction = (...args: any[]) => unknown;

/** What a wrapper does at the two ends of a call. */
export interface Probe {
  /** Runs before the call; what it returns is handed to the other two. */
  start(): number;
  /** Runs when a value was returned or a promise was fulfilled. */
  succeed(started: number): void;
  /** Runs when something was thrown or a promise was rejected. */
  fail(started: number, error: unknown): void;
}

/**
 * Gives a wrapper its two forms: around the promise, if there is one, or around
 * the function that what is returned will be given.
 *
 * @param wrapper The wrapper's name, for messages.
 * @param metric What `probe` measures with.
 * @throws {TypeError} If `promise` holds something that is none.
 */
export function wrapWith(
  wrapper: string,
  metric: object,
  probe: Probe,
  promise: readonly unknown[],
): unknown {
  if (promise.length === 0) {
    return (fn: AnyFunction) => wrapFunction(wrapper, probe, fn);
  }
  return wrapPromise(wrapper, metric, probe, promise[0]);
}

/**
 * Checks that a metric can do what a wrapper will ask of it.
 *
 * @throws {TypeError} If a method is missing.
 */
export function requireMethods(
  wrapper: string,
  metric: unknown,
  methods: readonly string[],
): void {
  for (const method of methods) {
    const found = (metric as Record<string, unknown> | null)?.[method];
    if (typeof found === "function") continue;
    throw new TypeError(
      `Cannot use ${wrapper}(): the metric must have the method ${method}(), ` +
        `received ${describe(metric)}`,
    );
  }
}

/**
 * Wraps a function so that `probe` learns of each call's two ends: at once
 * where a value comes back, on settling where a promise does.
 */
function wrapFunction(
  wrapper: string,
  probe: Probe,
  fn: AnyFunction,
): AnyFunction {
  if (typeof fn !== "function" || isClass(fn) || isGenerator(fn)) {
    throw new TypeError(
      `Cannot wrap with ${wrapper}(): a function or a method is required, ` +
        `received ${describe(fn)}`,
    );
  }
  const guarded = guard(probe, reporter(wrapper));
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    const started = guarded.start();
    let result: unknown;
    try {
      result = Reflect.apply(fn, this, args);
    } catch (error) {
      guarded.fail(started, error);
      throw error;
    }
    if (isThenable(result)) return follow(guarded, started, result);
    guarded.succeed(started);
    return result;
  };
  return imitate(wrapped, fn);
}

/** Lets `probe` learn of a promise's end. */
function wrapPromise(
  wrapper: string,
  metric: object,
  probe: Probe,
  promise: unknown,
): Promise<unknown> {
  if (!isThenable(promise)) {
    throw new TypeError(
      `Cannot use ${wrapper}() on this second argument: ` +
        `a promise is required, received ${describe(promise)}; ` +
        `to wrap a function, call ${wrapper}(metric)(fn)`,
    );
  }
  const guarded = guard(probe, metricReporter(wrapper, metric));
  return follow(guarded, guarded.start(), promise);
}

/**
 * The promise returned takes the place of the one given: when nobody handles
 * its rejection, that is one unhandled rejection, as without a wrapper.
 */
function follow<T>(
  probe: Probe,
  started: number,
  promise: PromiseLike<T>,
): Promise<T> {
  const onFulfilled = (value: T): T => {
    probe.succeed(started);
    return value;
  };
  const onRejected = (error: unknown): never => {
    probe.fail(started, error);
    throw error;
  };
  // One `then` of a native promise is all that is needed, and the cheapest;
  // what that of a subclass or another thenable returns may be anything.
  if (promise instanceof Promise && promise.constructor === Promise) {
    return promise.then(onFulfilled, onRejected);
  }
  return new Promise<T>((resolve, reject) => promise.then(resolve, reject))
    .then(onFulfilled, onRejected);
}

/** What {@linkcode guard} makes of a start that failed: it gets no end. */
const NOT_STARTED = NaN;

/**
 * Keeps what a metric throws away from the caller: a wrapped function's outcome
 * is the application's, whatever becomes of the measurement.
 */
function guard(probe: Probe, report: (error: unknown) => void): Probe {
  return {
    start() {
      try {
        return probe.start();
      } catch (error) {
        report(error);
        return NOT_STARTED;
      }
    },
    succeed(started) {
      if (Number.isNaN(started)) return;
      try {
        probe.succeed(started);
      } catch (error) {
        report(error);
      }
    },
    fail(started, reason) {
      if (Number.isNaN(started)) return;
      try {
        probe.fail(started, reason);
      } catch (error) {
        report(error);
      }
    },
  };
}

/** Reports the first error it is given; the rest would only repeat it. */
function reporter(wrapper: string): (error: unknown) => void {
  let reported = false;
  return (error) => {
    if (reported) return;
    reported = true;
    console.error(
      `${wrapper}() could not measure, further errors are not shown:`,
      error,
    );
  };
}

const metricReporters = new WeakMap<object, (error: unknown) => void>();

/** Promises are measured one by one, so that a metric's first error counts. */
function metricReporter(
  wrapper: string,
  metric: object,
): (error: unknown) => void {
  const known = metricReporters.get(metric);
  if (known !== undefined) return known;
  const report = reporter(wrapper);
  metricReporters.set(metric, report);
  return report;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  if (value === null) return false;
  if (typeof value !== "object" && typeof value !== "function") return false;
  try {
    return typeof (value as PromiseLike<unknown>).then === "function";
  } catch {
    // A getter that throws is for whoever uses the value.
    return false;
  }
}

/** Makes a wrapper look like what it wraps: name, arity, kind and properties. */
function imitate(wrapped: AnyFunction, fn: AnyFunction): AnyFunction {
  const properties: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(
    fn,
  );
  // Old-style functions have these two, which no other function may define.
  delete properties.arguments;
  delete properties.caller;
  // Frameworks tell async functions by this tag, which is inherited, not own.
  if (Symbol.toStringTag in fn && !(Symbol.toStringTag in properties)) {
    properties[Symbol.toStringTag] = {
      value: fn[Symbol.toStringTag],
      configurable: true,
    };
  }
  return Object.defineProperties(wrapped, properties);
}

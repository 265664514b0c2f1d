/**
 * The one place that knows what can be called and when it ends. The wrappers
 * say what to do at the two ends; this calls them there, and never lets them
 * touch the outcome.
 *
 * @module
 */

import { describe, isClass, isGenerator } from "../describe.ts";
import { generatorWrapper } from "./generator.ts";
import { imitate } from "./imitate.ts";
import { type AnyFunction, type Arguments, nest, type Probe } from "./probe.ts";
import { Rejection } from "./rejection.ts";
import { adopt, type Thenable, thenOf } from "./thenable.ts";

/** What a wrapper was made of. */
interface Instrumented {
  /** The function inside, which no wrapper of this package is around. */
  readonly fn: AnyFunction;
  /** What measures its calls, the outermost wrapper's first. */
  readonly probes: readonly Probe[];
}

const instrumented = new WeakMap<AnyFunction, Instrumented>();

/**
 * Wraps a function so that `probe` learns of each call's two ends: at once
 * where a value comes back, on settling where a promise does, with its last
 * step where a generator runs. Around a wrapper of this package it takes that
 * one's place, so that a call costs one promise, however many measure it.
 *
 * @throws {TypeError} If `fn` is no function, or is a class.
 */
export function instrument(
  wrapper: string,
  probe: Probe,
  fn: unknown,
): AnyFunction {
  if (!isWrappable(fn)) {
    throw new TypeError(
      `Cannot wrap with ${wrapper}(): a function or a method is required, ` +
        `received ${describe(fn)}` + (thenOf(fn) === undefined
          ? ""
          : `; to measure a promise, call ${wrapper}(metric, promise)`),
    );
  }
  const inner = instrumented.get(fn) ?? { fn, probes: [] };
  const made = { fn: inner.fn, probes: [probe, ...inner.probes] };
  const makeWrapper = isGenerator(made.fn) ? generatorWrapper : functionWrapper;
  const wrapped = makeWrapper(made.fn, nest(made.probes));
  instrumented.set(wrapped, made);
  return imitate(wrapped, fn);
}

function isWrappable(value: unknown): value is AnyFunction {
  return typeof value === "function" && !isClass(value);
}

function functionWrapper(fn: AnyFunction, probe: Probe): AnyFunction {
  // A method, because like most functions it cannot be called with `new`.
  const { wrapped } = {
    wrapped(this: unknown, ...args: Arguments): unknown {
      const state = probe.start(args);
      let result: unknown;
      try {
        result = Reflect.apply(fn, this, args);
      } catch (error) {
        probe.fail(state, error);
        throw error;
      }
      // Here rather than in `thenOf`, so that for a function that never returns an
      // object nothing of it is compiled into the wrapper.
      if (typeof result === "object" || typeof result === "function") {
        const then = thenOf(result);
        if (then !== undefined) {
          return follow(probe, state, adopt(result, then));
        }
      }
      probe.succeed?.(state, result);
      return result;
    },
  };
  if (!Object.hasOwn(fn, "prototype")) return wrapped;
  return function (this: unknown, ...args) {
    return Reflect.apply(wrapped, this, args);
  };
}

/** Lets `probe` learn of a promise's end; a lazy one starts here. */
export function instrumentPromise(
  probe: Probe,
  { value, then }: Thenable,
): Promise<unknown> {
  const state = probe.start([]);
  return follow(probe, state, adopt(value, then));
}

/**
 * The promise returned takes the place of the one given: when nobody handles
 * its rejection, that is one unhandled rejection, as without a wrapper.
 */
function follow(
  probe: Probe,
  state: unknown,
  promise: Promise<unknown>,
): Promise<unknown> {
  const onFulfilled = probe.succeed && ((value: unknown) => {
    probe.succeed?.(state, value);
    return value;
  });
  const onRejected = (reason: unknown) => {
    probe.fail(state, reason);
    return new Rejection(reason);
  };
  try {
    return promise.then(onFulfilled, onRejected);
  } catch (error) {
    // A promise's proxy has its `then`, which throws when called on a proxy.
    return Promise.reject(error).then(onFulfilled, onRejected);
  }
}

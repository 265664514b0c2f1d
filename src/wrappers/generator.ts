/**
 * Measures generators: from the first `next()` to the end.
 *
 * @module
 */

import { isAsyncGenerator } from "../describe.ts";
import type { AnyFunction, Arguments, Probe } from "./probe.ts";

/** Makes a generator of another one, which it measures. */
type Measure = (generator: unknown, args: Arguments) => unknown;

/**
 * Wraps a generator function so that `probe` learns of the two ends of each
 * generator's run. One that is left unfinished never ends, and one that is
 * closed before its first `next()` has never begun.
 */
export function generatorWrapper(fn: AnyFunction, probe: Probe): AnyFunction {
  const isAsync = isAsyncGenerator(fn);
  const measure: Measure = isAsync ? measureAsync(probe) : measureSync(probe);
  const iterator = isAsync ? Symbol.asyncIterator : Symbol.iterator;
  // A generator inherits from its function's prototype, `instanceof` asks it.
  (measure as CallableFunction).prototype = fn.prototype;
  // A method: like a generator function it cannot be called with `new`.
  const { wrapped } = {
    wrapped(this: unknown, ...args: Arguments): unknown {
      // Here, not in `measure`: arguments are read when the function is called.
      const generator = Reflect.apply(fn, this, args);
      // A function may have the looks of a generator function, but not its ways.
      return isObject(generator) && "next" in generator && iterator in generator
        ? measure(generator, args)
        : generator;
    },
  };
  return wrapped;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function measureSync(probe: Probe): Measure {
  return function* (generator, args) {
    const state = probe.start(args);
    let isOver = false;
    try {
      const value = yield* generator as Generator;
      isOver = true;
      probe.succeed?.(state, value);
      return value;
    } catch (error) {
      isOver = true;
      probe.fail(state, error);
      throw error;
    } finally {
      // `return()`, which a loop's `break` calls, takes neither way.
      if (!isOver) probe.succeed?.(state, undefined);
    }
  };
}

/**
 * The same with `async`: there is no generator that is either. In V8 `yield*`
 * passes a `return()` with a rejected promise on as `next()`.
 */
function measureAsync(probe: Probe): Measure {
  return async function* (generator, args) {
    const state = probe.start(args);
    let isOver = false;
    try {
      const value = yield* generator as AsyncGenerator;
      isOver = true;
      probe.succeed?.(state, value);
      return value;
    } catch (error) {
      isOver = true;
      probe.fail(state, error);
      throw error;
    } finally {
      if (!isOver) probe.succeed?.(state, undefined);
    }
  };
}

/**
 * The one place that knows what can be called and when it ends. The wrappers
 * say what to do at the two ends; this calls them there, and never lets them
 * touch the outcome.
 *
 * @module
 */

import {
  describe,
  isAsyncGenerator,
  isClass,
  isGenerator,
  isPlainPromise,
  type Then,
  thenOf,
} from "../describe.ts";
import type { AnyFunction, Arguments, Probe } from "./probe.ts";

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
  if (typeof fn !== "function" || isClass(fn)) {
    throw new TypeError(
      `Cannot wrap with ${wrapper}(): a function or a method is required, ` +
        `received ${describe(fn)}` + (thenOf(fn) === undefined
          ? ""
          : `; to measure a promise, call ${wrapper}(metric, promise)`),
    );
  }
  const outer = fn as AnyFunction;
  const inner = instrumented.get(outer) ?? { fn: outer, probes: [] };
  const made = { fn: inner.fn, probes: [probe, ...inner.probes] };
  const makeWrapper = isGenerator(made.fn) ? generatorWrapper : functionWrapper;
  const wrapped = makeWrapper(made.fn, nest(made.probes));
  instrumented.set(wrapped, made);
  return imitate(wrapped, outer);
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

/**
 * Lets `probe` learn of a promise's end; a lazy one starts here.
 *
 * @param then Its `then`, which was read once.
 */
export function instrumentPromise(
  probe: Probe,
  promise: unknown,
  then: Then,
): Promise<unknown> {
  return follow(probe, probe.start([]), adopt(promise, then));
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

const { then: nativeThen } = Promise.prototype;

/**
 * Makes a native promise of a thenable, which is started here, once.
 *
 * A promise is used as it is, unless its `then` may return anything: that of a
 * subclass, or one of its own.
 */
export function adopt(thenable: unknown, then: Then): Promise<unknown> {
  if (then === nativeThen && isPlainPromise(thenable)) return thenable;
  return new Promise((resolve, reject) =>
    void Reflect.apply(then, thenable, [resolve, reject])
  );
}

/**
 * What a promise's handler returns for its promise to reject. A `throw` would
 * do the same, but takes a fifth of the time of a failing call. Returning
 * `Promise.reject(reason)` would be noticed as unhandled first, and as handled
 * later.
 */
export class Rejection {
  readonly #reason: unknown;

  constructor(reason: unknown) {
    this.#reason = reason;
  }

  /** Called by the promise, with its own functions. */
  then(_onFulfilled: unknown, onRejected: (reason: unknown) => void): void {
    onRejected(this.#reason);
  }
}

/** Makes a generator of another one, which it measures. */
type Measure = (generator: unknown, args: Arguments) => unknown;

/**
 * Wraps a generator function so that `probe` learns of the two ends of each
 * generator's run. One that is left unfinished never ends, and one that is
 * closed before its first `next()` has never begun.
 */
function generatorWrapper(fn: AnyFunction, probe: Probe): AnyFunction {
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
      const isRun = typeof generator === "object" && generator !== null &&
        "next" in generator && iterator in generator;
      return isRun ? measure(generator, args) : generator;
    },
  };
  return wrapped;
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

/** Makes one probe of several around the same call, the outermost first. */
function nest([outer = NO_PROBE, middle, ...rest]: readonly Probe[]): Probe {
  return middle ? new NestedProbes(outer, middle, nest(rest)) : outer;
}

/** Fills a place that is left over. */
const NO_PROBE: Probe = { start() {}, fail() {} };

type States = Readonly<Record<"outer" | "middle" | "inner", unknown>>;

/** As many as there are wrappers; a loop over any number takes twice the time. */
class NestedProbes implements Probe {
  readonly #outer: Probe;
  readonly #middle: Probe;
  readonly #inner: Probe;

  constructor(outer: Probe, middle: Probe, inner: Probe) {
    this.#outer = outer;
    this.#middle = middle;
    this.#inner = inner;
  }

  start(args: Arguments): States {
    return {
      outer: this.#outer.start(args),
      middle: this.#middle.start(args),
      inner: this.#inner.start(args),
    };
  }

  succeed(states: States, value: unknown): void {
    this.#inner.succeed?.(states.inner, value);
    this.#middle.succeed?.(states.middle, value);
    this.#outer.succeed?.(states.outer, value);
  }

  fail(states: States, reason: unknown): void {
    this.#inner.fail(states.inner, reason);
    this.#middle.fail(states.middle, reason);
    this.#outer.fail(states.outer, reason);
  }
}

/**
 * Makes a wrapper look like what it wraps: name, arity, properties and kind.
 *
 * Frameworks tell kinds apart by the tag or the constructor, both of which a
 * function inherits: that of an async function says `AsyncFunction`.
 */
export function imitate<F extends object>(wrapped: F, fn: F): F {
  const own: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(fn);
  const { prototype } = own;
  // That of a wrapper with one can be replaced, but stays of the kind it is.
  if (prototype !== undefined && Object.hasOwn(wrapped, "prototype")) {
    delete own.prototype;
    const { value, writable = true } = prototype;
    Object.defineProperty(wrapped, "prototype", { value, writable });
  }
  Object.defineProperties(wrapped, own);
  return Object.setPrototypeOf(wrapped, Object.getPrototypeOf(fn));
}

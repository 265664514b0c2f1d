/** Knows the kinds of functions, and when a call of each ends. */

import {
  describe,
  isAsyncGenerator,
  isClass,
  isGenerator,
  type Then,
  thenOf,
} from "../base/describe.ts";
import { plainWrapper } from "./plain_functions.ts";
import type { AnyFunction, Arguments, Probe } from "./probe.ts";
import { adopt, isObject, promiseOf, Rejection, settle } from "./promises.ts";

interface Instrumented {
  /** The function inside, which is no wrapper of this package. */
  readonly fn: AnyFunction;
  /** The probes that measure its calls, the outermost wrapper's first. */
  readonly probes: readonly Probe[];
}

const instrumented = new WeakMap<AnyFunction, Instrumented>();

/**
 * Wraps a function so that `probe` learns of each call's start and end: an end is
 * the return of a value, the settling of a promise, the last step of a generator.
 * A wrapper of this package is replaced rather than called, so that a call costs one
 * promise, however many probes measure it.
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
  const wrapped = wrapperOf(made);
  instrumented.set(wrapped, made);
  return imitate(wrapped, outer);
}

function wrapperOf({ fn, probes }: Instrumented): AnyFunction {
  if (isGenerator(fn)) return generatorWrapper(fn, nest(probes));
  const wrapped = plainWrapper(fn, probes) ?? functionWrapper(fn, nest(probes));
  if (!Object.hasOwn(fn, "prototype")) return wrapped;
  return function (this: unknown, ...args) {
    return Reflect.apply(wrapped, this, args);
  };
}

/** Wraps a function in any probe. */
function functionWrapper(fn: AnyFunction, probe: Probe): AnyFunction {
  // A method, because like most functions it cannot be called with `new`.
  const { wrapped } = {
    wrapped(this: unknown, ...args: Arguments): unknown {
      const state = probe.start(args);
      let result: unknown;
      try {
        result = Reflect.apply(fn, this, args);
      } catch (error) {
        probe.end(state, false, error);
        throw error;
      }
      const promise = isObject(result) ? promiseOf(result) : undefined;
      if (promise !== undefined) return follow(probe, state, promise);
      probe.end(state, true, result);
      return result;
    },
  };
  return wrapped;
}

/** Lets `probe` learn of a promise's end; a lazy one starts here. */
export function instrumentPromise(
  probe: Probe,
  promise: unknown,
  then: Then,
): Promise<unknown> {
  return follow(probe, probe.start([]), adopt(promise, then));
}

function follow(
  probe: Probe,
  state: unknown,
  promise: Promise<unknown>,
): Promise<unknown> {
  const onFulfilled = probe.failuresOnly ? undefined : (value: unknown) => {
    probe.end(state, true, value);
    return value;
  };
  return settle(promise, onFulfilled, (reason) => {
    probe.end(state, false, reason);
    return new Rejection(reason);
  });
}

/**
 * Wraps a generator function so that `probe` learns of each run's start, at the
 * first `next()`, and end; a run that is left unfinished has none.
 */
function generatorWrapper(fn: AnyFunction, probe: Probe): AnyFunction {
  const isAsync = isAsyncGenerator(fn);
  const measure = isAsync ? measureAsync(probe) : measureSync(probe);
  const iterator = isAsync ? Symbol.asyncIterator : Symbol.iterator;
  // Generators inherit from it, and `instanceof` compares it.
  (measure as CallableFunction).prototype = fn.prototype;
  // A method: like a generator function it cannot be called with `new`.
  const { wrapped } = {
    wrapped(this: unknown, ...args: Arguments): unknown {
      // Not in `measure`, since parameters are evaluated when the function is called.
      const generator = Reflect.apply(fn, this, args);
      // A function with a generator function's tag may return anything.
      const isRun = typeof generator === "object" && generator !== null &&
        "next" in generator && iterator in generator;
      return isRun ? measure(generator, args) : generator;
    },
  };
  return wrapped;
}

/** Makes a generator that measures another one. */
type Measure = (generator: unknown, args: Arguments) => unknown;

function measureSync(probe: Probe): Measure {
  return function* (generator, args) {
    const end = begin(probe, args);
    try {
      const value = yield* generator as Generator;
      end(true, value);
      return value;
    } catch (error) {
      end(false, error);
      throw error;
    } finally {
      // `return()`, which a loop's `break` calls, takes neither way.
      end(true, undefined);
    }
  };
}

/**
 * The same for asynchronous generators. In V8 `yield*` passes a `return()` with a
 * rejected promise on as `next()`.
 */
function measureAsync(probe: Probe): Measure {
  return async function* (generator, args) {
    const end = begin(probe, args);
    try {
      const value = yield* generator as AsyncGenerator;
      end(true, value);
      return value;
    } catch (error) {
      end(false, error);
      throw error;
    } finally {
      end(true, undefined);
    }
  };
}

/** Starts a probe; the first call of the result ends it. */
function begin(
  probe: Probe,
  args: Arguments,
): (isFulfilled: boolean, result: unknown) => void {
  const state = probe.start(args);
  let isOver = false;
  return (isFulfilled, result) => {
    if (isOver) return;
    isOver = true;
    probe.end(state, isFulfilled, result);
  };
}

type States = Readonly<Record<"outer" | "middle" | "inner", unknown>>;

/**
 * Makes one probe of several around the same call, the outermost first. Three at
 * once, the number of wrappers: a loop over any number takes twice the time.
 */
function nest([outer = NO_PROBE, middle, ...rest]: readonly Probe[]): Probe {
  if (middle === undefined) return outer;
  const inner = nest(rest);
  return {
    start: (args): States => ({
      outer: outer.start(args),
      middle: middle.start(args),
      inner: inner.start(args),
    }),
    end(states: States, isFulfilled, result) {
      inner.end(states.inner, isFulfilled, result);
      middle.end(states.middle, isFulfilled, result);
      outer.end(states.outer, isFulfilled, result);
    },
  };
}

const NO_PROBE: Probe = { start() {}, end() {} };

/**
 * Makes a wrapper look like what it wraps: name, arity, properties, kind, metadata.
 *
 * Frameworks tell kinds apart by the tag or the constructor, both of which a
 * function inherits: that of an async function says `AsyncFunction`.
 */
export function imitate<F extends object>(wrapped: F, fn: F): F {
  const own: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(fn);
  const { prototype } = own;
  // A wrapper's own prototype can be replaced, but stays of the kind it is.
  if (prototype !== undefined && Object.hasOwn(wrapped, "prototype")) {
    delete own.prototype;
    const { value, writable = true } = prototype;
    Object.defineProperty(wrapped, "prototype", { value, writable });
  }
  Object.defineProperties(wrapped, own);
  const metadata = Reflect as Partial<Metadata>;
  if (typeof metadata.getOwnMetadataKeys !== "function") {
    return Object.setPrototypeOf(wrapped, Object.getPrototypeOf(fn));
  }
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } =
    metadata as Metadata;
  for (const key of getOwnMetadataKeys(fn)) {
    defineMetadata(key, getOwnMetadata(key, fn), wrapped);
  }
  // Metadata that `fn` gets later is found along the prototype chain.
  return Object.setPrototypeOf(wrapped, fn);
}

/**
 * The part of `reflect-metadata` by which decorators of NestJS and others keep
 * beside a function that it is a route, and who guards it.
 */
interface Metadata {
  getOwnMetadataKeys(fn: object): readonly unknown[];
  getOwnMetadata(key: unknown, fn: object): unknown;
  defineMetadata(key: unknown, value: unknown, fn: object): void;
}

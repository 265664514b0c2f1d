/**
 * The one place that knows what can be wrapped and when it ends. The wrappers
 * say what to do at the two ends; this calls them there, and never lets them
 * touch the outcome.
 *
 * @module
 */

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
 * Wraps a function so that `probe` learns of each call's two ends: at once
 * where a value comes back, on settling where a promise does.
 *
 * @throws {TypeError} If `fn` cannot be wrapped.
 */
export function instrument<F extends AnyFunction>(
  wrapper: string,
  probe: Probe,
  fn: F,
): F {
  refuseUnsupported(wrapper, fn);
  const guarded = guard(wrapper, probe);
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
  return imitate(wrapped, fn) as F;
}

/**
 * Lets `probe` learn of a promise's end.
 *
 * @throws {TypeError} If `promise` is not a promise or another thenable.
 */
export function instrumentPromise<T>(
  wrapper: string,
  probe: Probe,
  promise: PromiseLike<T>,
): Promise<T> {
  if (!isThenable(promise)) {
    throw new TypeError(
      `Cannot use ${wrapper}() on this second argument: ` +
        `a promise is required, received ${describe(promise)}; ` +
        `to wrap a function, call ${wrapper}(metric)(fn)`,
    );
  }
  const guarded = guard(wrapper, probe);
  return follow(guarded, guarded.start(), promise);
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
    const has = metric !== null && metric !== undefined &&
      typeof (metric as Record<string, unknown>)[method] === "function";
    if (has) continue;
    throw new TypeError(
      `Cannot use ${wrapper}(): the metric must have the method ${method}(), ` +
        `received ${describe(metric)}`,
    );
  }
}

/**
 * Names a value for an error message, without its contents: they may be
 * secret, or endless.
 */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "function") {
    const kind = isClass(value) ? "class" : "function";
    return value.name === "" ? `an unnamed ${kind}` : `${kind} "${value.name}"`;
  }
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = value.constructor?.name;
  return name ? `an object of class "${name}"` : "an object";
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
  // what another thenable's `then` returns may be anything.
  if (promise instanceof Promise) return promise.then(onFulfilled, onRejected);
  return new Promise<T>((resolve, reject) => promise.then(resolve, reject))
    .then(onFulfilled, onRejected);
}

/**
 * Keeps what a metric throws away from the caller: a wrapped function's outcome
 * is the application's, whatever becomes of the measurement. The first error is
 * reported, the rest would only repeat it.
 */
function guard(wrapper: string, probe: Probe): Probe {
  let reported = false;
  function report(error: unknown): void {
    if (reported) return;
    reported = true;
    console.error(
      `${wrapper}() could not measure, further errors are not shown:`,
      error,
    );
  }
  return {
    start() {
      try {
        return probe.start();
      } catch (error) {
        report(error);
        return NaN;
      }
    },
    succeed(started) {
      try {
        probe.succeed(started);
      } catch (error) {
        report(error);
      }
    },
    fail(started, error) {
      try {
        probe.fail(started, error);
      } catch (error) {
        report(error);
      }
    },
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return value instanceof Promise ||
    (value !== null &&
      (typeof value === "object" || typeof value === "function") &&
      typeof (value as PromiseLike<unknown>).then === "function");
}

function isClass(fn: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(fn));
}

function refuseUnsupported(wrapper: string, fn: unknown): void {
  if (typeof fn === "function" && !isClass(fn) && !isGenerator(fn)) return;
  throw new TypeError(
    `Cannot wrap with ${wrapper}(): a function or a method is required, ` +
      `received ${
        typeof fn === "function" && isGenerator(fn) ? "generator " : ""
      }${describe(fn)}`,
  );
}

function isGenerator(fn: object): boolean {
  return /GeneratorFunction\]$/.test(Object.prototype.toString.call(fn));
}

/** Makes a wrapper look like what it wraps: name, arity, kind and properties. */
function imitate(wrapped: AnyFunction, fn: AnyFunction): AnyFunction {
  const properties = Object.getOwnPropertyDescriptors(fn);
  // A wrapper is no constructor's twin, and these three belong to each
  // function itself.
  for (const own of ["prototype", "arguments", "caller"]) {
    delete (properties as Record<string, unknown>)[own];
  }
  Object.defineProperties(wrapped, properties);
  // Frameworks tell async functions by this tag, which is inherited, not own.
  const tag = (fn as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  if (tag !== undefined) {
    Object.defineProperty(wrapped, Symbol.toStringTag, {
      value: tag,
      configurable: true,
    });
  }
  return wrapped;
}

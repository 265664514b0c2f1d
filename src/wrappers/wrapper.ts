/**
 * What the three wrapper functions have in common: how they read their
 * arguments, and what they return for functions, which is callable around a
 * function, and as a decorator of either kind.
 *
 * @module
 */

import { describe, isObjectLiteral, thenOf } from "../describe.ts";
import { instrument, instrumentPromise } from "./instrument.ts";
import { metricReporter, type Report, reporter } from "./measurement.ts";
import type { WrapperOptions } from "./options.ts";
import type { AnyFunction, Probe } from "./probe.ts";

/**
 * `R`, if it is a thenable that a native promise cannot stand in for, such as a
 * promise of a subclass or a query builder; `never` for any other.
 *
 * A function that returns one only sometimes, in a union with other types, keeps
 * its type, although a native promise comes back for it.
 *
 * @example A promise of a class of its own
 * ```ts
 * import { type OwnThenable, time } from "@prometheus-async/prometheus-async";
 *
 * class Query extends Promise<string> {
 *   cancel() {}
 * }
 * const query = () => new Query((resolve) => resolve("rows"));
 * const measured = time({ observe() {} })(query)();
 * // A native promise comes back, which has no cancel(): the type says so.
 * type Lost = OwnThenable<Query> extends never ? false : true;
 * const isLost: Lost = true;
 * if ("cancel" in measured || !isLost) throw new Error("it is there");
 * ```
 *
 * @typeParam R The thenable's type.
 */
export type OwnThenable<R extends PromiseLike<unknown>> =
  Promise<Awaited<R>> extends R ? never : R;

/**
 * Wraps functions, or decorates methods and fields. It can be used any number
 * of times.
 *
 * A wrapped function keeps its `this`, arguments, `name`, `length`, properties
 * and type. Async functions stay recognisable as such, generator functions
 * return the same kind of generator.
 *
 * @example As a decorator
 * ```ts
 * import { time } from "@prometheus-async/prometheus-async";
 *
 * const seen: number[] = [];
 * const timed = time({ observe: (seconds: number) => seen.push(seconds) });
 *
 * class Greeter {
 *   @timed
 *   async greet(name: string): Promise<string> {
 *     return await Promise.resolve(`Hello ${name}`);
 *   }
 *
 *   @timed
 *   wave = () => "👋";
 * }
 *
 * const greeter = new Greeter();
 * if (await greeter.greet("Ada") !== "Hello Ada") throw new Error("changed");
 * greeter.wave();
 * if (seen.length !== 2) throw new Error("not measured");
 * ```
 */
export interface Wrapper {
  /**
   * Wraps a function that returns a thenable of its own kind, such as a query
   * builder: the wrapper starts it and returns a native promise in its place.
   *
   * @throws {TypeError} If `fn` is a class or no function.
   */
  // deno-lint-ignore no-explicit-any
  <This, Args extends any[], R extends PromiseLike<any>>(
    fn: (this: This, ...args: Args) => OwnThenable<R>,
  ): (
    this: This,
    ...args: Args
  ) => [R] extends [never] ? never : Promise<Awaited<R>>;
  /**
   * Wraps a function, or, as a TC39 decorator, a method: of an instance,
   * static, or private.
   *
   * @throws {TypeError} If `fn` is a class or no function, or the decorator
   * stands on a class, a getter, a setter or an accessor.
   */
  <F extends AnyFunction>(fn: F, context?: ClassMethodDecoratorContext): F;
  /**
   * Wraps, as a TC39 decorator, the functions that a field is initialised with.
   *
   * @throws {TypeError} When the field is initialised with anything else.
   */
  <F extends AnyFunction>(
    value: undefined,
    context: ClassFieldDecoratorContext<unknown, F>,
  ): (initial: F) => F;
  /**
   * Wraps, as a legacy decorator (TypeScript's `experimentalDecorators`), a
   * method.
   *
   * @throws {TypeError} If it stands on anything but a method.
   */
  <F extends AnyFunction>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): TypedPropertyDescriptor<F>;
}

/** What a wrapper function is made of. */
export interface WrapperDescription<Metric, Options> {
  /** Its name, for messages. */
  readonly name: string;
  /** What a metric must be able to do. */
  readonly methods: readonly (keyof Metric & string)[];
  /** The options that must be functions. */
  readonly functions: readonly (keyof Options & string)[];
  /** Makes what measures; its errors go to `report`. */
  readonly makeProbe: (
    metric: Metric,
    options: Readonly<Options>,
    report: Report,
  ) => Probe;
}

/**
 * Does what a wrapper function was called for: measures the promise it was
 * given, or makes a wrapper of functions.
 *
 * @param rest Its arguments but the metric.
 * @throws {TypeError} If the arguments are not as they must be.
 */
export function wrapWith<
  Metric extends object,
  Options extends WrapperOptions,
>(
  { name, methods, functions, makeProbe }: WrapperDescription<Metric, Options>,
  metric: Metric,
  rest: readonly unknown[],
): unknown {
  requireMethods(name, metric, methods);
  const [first, second = {}] = rest.length === 0 ? [{}] : rest;
  const then = thenOf(first);
  if (then === undefined && !isObjectLiteral(first)) {
    throw new TypeError(
      `Cannot use ${name}() on this second argument: a promise is ` +
        `required, or an object of options, received ${describe(first)}; ` +
        `to wrap a function, call ${name}(metric)(fn)`,
    );
  }
  const options = (then === undefined ? first : second) as Options;
  requireOptions(name, options, functions);
  const { onError } = options;
  const action = `measure with ${name}()`;
  if (then === undefined) {
    const report = reporter(action, onError);
    return makeWrapper(name, makeProbe(metric, options, report));
  }
  const report = metricReporter(action, metric, onError);
  return instrumentPromise(makeProbe(metric, options, report), first, then);
}

function requireMethods(
  wrapper: string,
  metric: unknown,
  methods: readonly string[],
): void {
  for (const method of methods) {
    const found = (metric as Record<string, unknown> | null)?.[method];
    if (typeof found === "function") continue;
    throw new TypeError(
      `Cannot use ${wrapper}(): the metric must have the method ${method}(), ` +
        `received ${describe(metric)}` + (typeof metric === "function"
          ? `; to wrap or decorate a function, call ${wrapper}(metric)`
          : ""),
    );
  }
}

/** Checks that options are an object, with functions where they must be. */
function requireOptions<Options extends object>(
  wrapper: string,
  options: Options,
  functions: readonly (keyof Options & string)[],
): void {
  if (!isObjectLiteral(options)) {
    throw new TypeError(
      `Cannot use ${wrapper}(): options must be an object, ` +
        `received ${describe(options)}`,
    );
  }
  for (const name of functions) {
    const value = options[name];
    if (value === undefined || typeof value === "function") continue;
    throw new TypeError(
      `Cannot use ${wrapper}(): ${name} must be a function, ` +
        `received ${describe(value)}`,
    );
  }
}

/** Makes the wrapper that measures with `probe`. */
function makeWrapper(wrapper: string, probe: Probe): Wrapper {
  const wrap = (fn: unknown) => instrument(wrapper, probe, fn);

  function decorate(value: unknown, { kind, name }: DecoratorContext): unknown {
    if (kind === "method") return wrap(value);
    if (kind !== "field") throw cannotDecorate(`${kind} ${describe(name)}`);
    return (initial: unknown) => {
      if (typeof initial === "function") return wrap(initial);
      throw cannotDecorate(
        `field ${describe(name)} that holds ${describe(initial)}`,
      );
    };
  }

  function decorateLegacy(key: unknown, descriptor: unknown): unknown {
    const name = describe(key);
    if (typeof descriptor === "number") {
      throw cannotDecorate(`parameter of ${name}`);
    }
    if (!isPropertyDescriptor(descriptor)) {
      throw cannotDecorate(`field ${name}`);
    }
    if (descriptor.get) throw cannotDecorate(`getter ${name}`);
    if (descriptor.set) throw cannotDecorate(`setter ${name}`);
    return { ...descriptor, value: wrap(descriptor.value) };
  }

  const cannotDecorate = (received: string) =>
    new TypeError(
      `Cannot decorate with ${wrapper}(): a method is required, or a field ` +
        `that holds a function, received ${received}`,
    );

  return ((...given: unknown[]) => {
    const [target, second, third] = given;
    if (isDecoratorContext(second)) return decorate(target, second);
    if (isLegacyDecoration(second, third)) return decorateLegacy(second, third);
    return wrap(target);
  }) as Wrapper;
}

/** What a TC39 decorator is told. */
interface DecoratorContext {
  readonly kind: string;
  readonly name: string | symbol | undefined;
}

function isDecoratorContext(value: unknown): value is DecoratorContext {
  return typeof value === "object" && value !== null && "kind" in value &&
    typeof value.kind === "string" && "name" in value;
}

/**
 * Tells `(target, key, descriptor)` from what a callback is told, such as
 * `(value, key, collection)`. A field has no descriptor, a parameter an index.
 */
function isLegacyDecoration(key: unknown, third: unknown): boolean {
  if (typeof key !== "string" && typeof key !== "symbol") return false;
  return third === undefined || third === null || typeof third === "number" ||
    isPropertyDescriptor(third);
}

function isPropertyDescriptor(value: unknown): value is PropertyDescriptor {
  return typeof value === "object" && value !== null &&
    "configurable" in value && typeof value.configurable === "boolean";
}

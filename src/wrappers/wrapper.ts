/**
 * The common part of the three wrapper functions: parses their arguments, and makes
 * wrappers, which are called around a function or as a decorator of either kind.
 *
 * @module
 */

import { describe, isObjectLiteral, thenOf } from "../base/describe.ts";
import { refusal, requireNames, requireType } from "../base/checks.ts";
import { metricReporter, type Report, reporter } from "../base/report.ts";
import { instrument, instrumentPromise } from "./instrument.ts";
import type { AnyFunction, Probe } from "./probe.ts";
import type { WrapperOptions } from "./wrapper_options.ts";

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
   * Wraps a function that returns a thenable of its own kind, such as a promise of
   * a subclass or a query builder: the wrapper starts it and returns a native
   * promise in its place, which has no other methods. A function that returns one
   * only sometimes, in a union with other types, keeps its type all the same.
   *
   * @throws {TypeError} If `fn` is a class or no function.
   */
  // deno-lint-ignore no-explicit-any
  <This, Args extends any[], R extends PromiseLike<any>>(
    fn: (
      this: This,
      ...args: Args
    ) => Promise<Awaited<R>> extends R ? never : R,
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

/** The parts of a wrapper function. */
export interface WrapperDescription<Metric, Options> {
  /** For messages. */
  readonly name: string;
  /** The methods that a metric must have. */
  readonly methods: readonly (keyof Metric & string)[];
  /** The names of all options. */
  readonly options: readonly (keyof Options & string)[];
  /** Errors of the metric and of the options' functions go to `report`. */
  readonly makeProbe: (
    metric: Metric,
    options: Readonly<Options>,
    report: Report,
  ) => Probe;
}

/** The options that must be functions, where a wrapper has them. */
const FUNCTIONS = ["exemplar", "filter", "onError"];

/**
 * Runs a wrapper function: measures the promise among its arguments, or makes a
 * wrapper.
 *
 * @param rest The arguments after the metric.
 * @throws {TypeError} If an argument or option is invalid.
 */
export function wrapWith<
  Metric extends object,
  Options extends WrapperOptions,
>(
  description: WrapperDescription<Metric, Options>,
  metric: Metric,
  rest: readonly unknown[],
): unknown {
  const { name, methods, makeProbe } = description;
  const cannotUse = (what: string, received: unknown, advice = "") =>
    new TypeError(
      `Cannot use ${name}()${what}, received ${describe(received)}${advice}`,
    );
  for (const method of methods) {
    if (typeof metric?.[method] === "function") continue;
    throw cannotUse(
      `: the metric must have the method ${method}()`,
      metric,
      typeof metric === "function"
        ? `; to wrap or decorate a function, call ${name}(metric)`
        : "",
    );
  }
  const [first, second = {}] = rest.length === 0 ? [{}] : rest;
  const then = thenOf(first);
  if (then === undefined && !isObjectLiteral(first)) {
    throw cannotUse(
      " on this second argument: a promise is required, or an object of options",
      first,
      `; to wrap a function, call ${name}(metric)(fn)`,
    );
  }
  const options = (then === undefined ? first : second) as Options;
  const use = `use ${name}()`;
  const given = { action: use, name: "options", value: options };
  if (!isObjectLiteral(options)) {
    throw refusal(TypeError, given, "must be an object");
  }
  requireNames(given, description.options);
  for (const option of FUNCTIONS) {
    const value: unknown = Reflect.get(options, option);
    if (value === undefined) continue;
    requireType({ action: use, name: option, value }, "function");
  }
  const action = `measure with ${name}()`;
  const report = then === undefined
    ? reporter(action, options.onError)
    : metricReporter(action, metric, options.onError);
  const probe = makeProbe(metric, options, report);
  return then === undefined
    ? makeWrapper(name, probe)
    : instrumentPromise(probe, first, then);
}

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
    const isParameter = typeof descriptor === "number";
    if (isParameter) throw cannotDecorate(`parameter of ${name}`);
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

function isDecoratorContext(value: unknown): value is DecoratorContext {
  return typeof value === "object" && value !== null && "kind" in value &&
    typeof value.kind === "string" && "name" in value;
}

/**
 * Tells `(target, key, descriptor)` from the arguments of a callback, such as
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

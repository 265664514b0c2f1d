/**
 * What the wrappers return for functions: callable around a function, and as a
 * decorator of either kind.
 *
 * @module
 */

import { describe } from "../describe.ts";
import { instrument } from "./instrument.ts";
import type { AnyFunction, Probe } from "./probe.ts";

/**
 * `R`, if it is a thenable that a native promise cannot stand in for, such as a
 * promise of a subclass or a query builder; `never` for any other.
 *
 * A function that returns one only sometimes, in a union with other types, keeps
 * its type, although a native promise comes back for it.
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

/** Makes the wrapper that measures with `probe`. */
export function makeWrapper(wrapper: string, probe: Probe): Wrapper {
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

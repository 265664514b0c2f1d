/**
 * What a value is: named for messages, and told from others.
 *
 * @module
 */

/** What is shown of a string. */
const MAX_LENGTH = 60;

/**
 * Names a value for an error message: short, and without the contents of
 * objects, which may be secret or endless.
 */
export function describe(value: unknown): string {
  if (typeof value === "string") {
    const isLong = value.length > MAX_LENGTH;
    return JSON.stringify(isLong ? `${value.slice(0, MAX_LENGTH)}…` : value);
  }
  if (typeof value === "function") {
    const kind = isClass(value)
      ? "class"
      : isGenerator(value)
      ? "generator function"
      : "function";
    // A class may have a static member of that name, of any type.
    const name: unknown = value.name;
    return typeof name === "string" && name !== ""
      ? `${kind} "${name}"`
      : `an unnamed ${kind}`;
  }
  if (typeof value !== "object" || value === null) return String(value);
  const name = value.constructor?.name;
  return name ? `an object of class "${name}"` : "an object";
}

/**
 * Tells a class from other functions; a method may be named `class`. What is
 * built in, and a proxy, shows no source, but only a class's prototype stays.
 */
export function isClass(fn: object): boolean {
  const source = Function.prototype.toString.call(fn);
  if (/^class\b(?!\s*\()/.test(source)) return true;
  return /\[native code\]\s*\}$/.test(source) &&
    Object.getOwnPropertyDescriptor(fn, "prototype")?.writable === false;
}

/** Tells a generator function, asynchronous or not, from others. */
export function isGenerator(fn: object): boolean {
  return /GeneratorFunction\]$/.test(Object.prototype.toString.call(fn));
}

/** Tells an asynchronous generator function from others. */
export function isAsyncGenerator(fn: object): boolean {
  return /AsyncGeneratorFunction\]$/.test(Object.prototype.toString.call(fn));
}

/**
 * Tells an object literal from a `Response`, a `Map`, an array and instances of
 * any other class, which `isPlainObject` takes, too.
 */
export function isObjectLiteral(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  // Of another realm, too, where `Object.prototype` is another.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The `then` of a promise or another thenable. */
export type Then = PromiseLike<unknown>["then"];

/** Reads a value's `then`, if it is a thenable; a lazy one is not started. */
export function thenOf(value: unknown): Then | undefined {
  if (value === null) return undefined;
  if (typeof value !== "object" && typeof value !== "function") {
    return undefined;
  }
  try {
    const { then } = value as PromiseLike<unknown>;
    return typeof then === "function" ? then : undefined;
  } catch {
    // A getter that throws is for whoever uses the value.
    return undefined;
  }
}

/** Tells a promise from thenables, and from one of a subclass. */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  try {
    return value instanceof Promise && value.constructor === Promise;
  } catch {
    // A proxy may refuse to be looked at.
    return false;
  }
}

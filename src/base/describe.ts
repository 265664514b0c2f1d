/** Names values for messages, shows foreign text, and tells values apart. */

/** The longest part of a value that is shown. */
const MAX_LENGTH = 60;

/** The longest part of a message that is shown in another one. */
const MAX_REASON = 1000;

/**
 * Characters that terminals and logs obey, or that hide or reorder others: controls,
 * line ends, formats such as the direction of text, and lone surrogates.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Shows foreign text: with escapes for unsafe characters, and cut afterwards. */
export function visible(text: string, max: number = MAX_REASON): string {
  const shown = text.slice(0, max + 1).replace(UNSAFE, (char) => {
    const json = JSON.stringify(char).slice(1, -1);
    const code = char.codePointAt(0)!.toString(16);
    if (json !== char) return json;
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
  });
  if (shown.length <= max) return shown;
  return `${shown.slice(0, max).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** Shows foreign text in quotes. */
export function quote(text: string, max: number = MAX_REASON): string {
  return `"${visible(text.replace(/["\\]/g, "\\$&"), max)}"`;
}

/**
 * Names a value for an error message, without the contents of objects, which may
 * be secret or endless.
 */
export function describe(value: unknown): string {
  if (typeof value === "string") return quote(value, MAX_LENGTH);
  if (typeof value === "function") {
    const kind = isClass(value)
      ? "class"
      : isGenerator(value)
      ? "generator function"
      : "function";
    // A static member of a class may hide it, with any type.
    const name: unknown = value.name;
    return typeof name === "string" && name !== ""
      ? `${kind} ${quote(name, MAX_LENGTH)}`
      : `an unnamed ${kind}`;
  }
  if (typeof value !== "object" || value === null) {
    return visible(String(value), MAX_LENGTH);
  }
  const name = value.constructor?.name;
  return name ? `an object of class ${quote(name, MAX_LENGTH)}` : "an object";
}

/**
 * Tells a class from other functions; a method may be named `class`. Built-ins and
 * proxies show no source, but only a class's prototype cannot be replaced.
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

/** Names a value for a message by its type alone: it may be secret. */
export function describeSecret(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return `a value of type ${typeof value}`;
}

/**
 * Tells an object of names and values from arrays and built-in objects; unlike an
 * object literal it may be of any class.
 */
export function isRecord(value: unknown): value is object {
  return Object.prototype.toString.call(value) === "[object Object]";
}

/** Tells an object literal from arrays and instances of any class. */
export function isObjectLiteral(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  // Other realms have an `Object.prototype` of their own.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The `then` of a promise or another thenable. */
export type Then = PromiseLike<unknown>["then"];

/** The `then` of a thenable; a lazy one is not started. */
export function thenOf(value: unknown): Then | undefined {
  if (value === null) return undefined;
  if (typeof value !== "object" && typeof value !== "function") {
    return undefined;
  }
  try {
    const { then } = value as PromiseLike<unknown>;
    return typeof then === "function" ? then : undefined;
  } catch {
    // A getter threw: that is for the caller to find out.
    return undefined;
  }
}

/** Tells a promise from thenables and from promises of a subclass. */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  try {
    return value instanceof Promise && value.constructor === Promise;
  } catch {
    // A proxy may throw.
    return false;
  }
}

/** The message of an error as it is, or a name for anything else that was thrown. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message}` : describe(error);
  } catch {
    return "something that cannot be described";
  }
}

/** The message of an error, to be shown in another message. */
export function reasonOf(error: unknown): string {
  return visible(messageOf(error));
}

/** The most names that a message lists. */
const LISTED = 3;

/** Lists names, the first of them if there are many. */
export function listNames(names: readonly string[]): string {
  const rest = names.length - LISTED;
  const first = names.slice(0, LISTED).map((name) => visible(name)).join(", ");
  return rest > 0 ? `${first}, and ${rest} more` : first;
}

/**
 * What can be awaited.
 *
 * @module
 */

/** The `then` of a promise or another thenable. */
export type Then = PromiseLike<unknown>["then"];

/** A value with its `then`, which was read once. */
export interface Thenable {
  readonly value: unknown;
  readonly then: Then;
}

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

function isPlainPromise(value: unknown): value is Promise<unknown> {
  try {
    return value instanceof Promise && value.constructor === Promise;
  } catch {
    // A proxy may refuse to be looked at.
    return false;
  }
}

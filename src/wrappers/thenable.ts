/**
 * What can be awaited, and what rejects without a throw.
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

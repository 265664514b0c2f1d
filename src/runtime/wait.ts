/**
 * Waiting, by the timers and the clock that there were when this module was
 * loaded: an application's tests replace the global ones, and a server that
 * waited by those would stop. What is measured goes by the clock of the moment.
 *
 * @module
 */
import * as loaded from "node:timers";

/** The used part of a timer. */
interface Timer {
  unref(): unknown;
  close(): unknown;
}

/** The used part of what `setImmediate` yields. */
type Immediate = Pick<Timer, "unref">;

/** The functions by which the package waits. */
interface TimerFunctions {
  setTimeout(callback: () => void, ms?: number): Timer;
  clearTimeout(timer: Timer): void;
  setInterval(callback: () => void, ms?: number): Timer;
  clearInterval(timer: Timer): void;
  setImmediate(callback: () => void): Immediate;
}

// Declarations must not need the types of Node.
const real = loaded as unknown as TimerFunctions;

/** The timers and the clock; this package's own tests replace them here. */
export const timers: TimerFunctions & { now(): number } = {
  ..."Deno" in globalThis ? denoTimers() : real,
  now: performance.now.bind(performance),
};

/** The longest that a timer can wait, in milliseconds. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** The time, in milliseconds. */
export function now(): number {
  return timers.now();
}

/** The ends of a wait, and whether it holds the process. */
export interface WaitOptions {
  /**
   * How long it takes at most, in milliseconds.
   *
   * @default {undefined} Until the promise settles.
   */
  readonly ms?: number;
  /** Ends it by aborting. */
  readonly signal?: AbortSignal;
  /**
   * Whether the process may end meanwhile.
   *
   * @default {false}
   */
  readonly inBackground?: boolean;
}

/**
 * Waits until a promise settles, either way.
 *
 * @returns Whether it has; otherwise the time is over, or the signal has aborted.
 */
export function waitFor(
  promise: Promise<unknown>,
  { ms, signal, inBackground }: WaitOptions,
): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (hasSettled: boolean) => {
      // A timer that went on would hold the process.
      if (timer !== undefined) timers.clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      resolve(hasSettled);
    };
    const stop = () => end(false);
    const timer = ms === undefined ? undefined : timers.setTimeout(stop, ms);
    if (inBackground) timer?.unref();
    promise.then(() => end(true), () => end(true));
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
  });
}

/** Waits until a time is over, or a signal aborts. */
export async function sleep(
  ms: number,
  options?: Omit<WaitOptions, "ms">,
): Promise<void> {
  await waitFor(new Promise(() => {}), { ...options, ms });
}

/**
 * Waits for a promise, but no longer than until a signal aborts.
 *
 * @throws The signal's reason, if it has aborted in the end.
 */
export async function unlessAborted<T>(
  signal: AbortSignal | undefined,
  promise: Promise<T>,
): Promise<T> {
  if (signal !== undefined) {
    await waitFor(promise, { signal });
    signal.throwIfAborted();
  }
  return await promise;
}

/** A moment by which something must have ended. */
export class Deadline {
  /** How long there was from the beginning, in milliseconds. */
  readonly ms: number;
  readonly #over: AbortSignal | undefined;
  readonly #startedAt = now();

  /**
   * Sets a deadline, from now on.
   *
   * @param over Ends all waits, of a server that keeps the process alive itself.
   */
  constructor(ms: number, over?: AbortSignal) {
    this.ms = ms;
    this.#over = over;
  }

  /** How long there is left, in milliseconds. */
  get rest(): number {
    return this.#until(this.ms);
  }

  /**
   * Waits until a promise settles; yields whether it did before the deadline, or
   * within `ms` of the beginning.
   */
  waitFor(promise: Promise<unknown>, ms: number = this.ms): Promise<boolean> {
    const signal = this.#over;
    const inBackground = signal !== undefined;
    return waitFor(promise, { ms: this.#until(ms), signal, inBackground });
  }

  #until(ms: number): number {
    return Math.max(this.#startedAt + ms - now(), 0);
  }
}

/**
 * Calls a function again and again, without keeping the process alive.
 *
 * @param ms The time between two calls, in milliseconds.
 * @returns Ends that.
 */
export function repeat(ms: number, fn: () => void): () => void {
  const timer = timers.setInterval(fn, ms);
  timer.unref();
  return () => timers.clearInterval(timer);
}

/**
 * Calls a function when the event loop turns: a timer of 0 ms takes one
 * millisecond, or four when they are nested.
 */
export function nextTurn(callback: () => void): void {
  timers.setImmediate(callback);
}

/**
 * Deno's timers, which its `node:test` cannot mock. A mock takes over the functions,
 * whoever holds them, but not the classes of what they return. Those are used only
 * where a test has replaced the global functions.
 */
function denoTimers(): TimerFunctions {
  const timeout = real.setTimeout(() => {}, 0);
  timeout.close();
  const immediate = real.setImmediate(() => {});
  immediate.unref();
  const Timeout = timeout.constructor as new (
    callback: () => void,
    ms: number | undefined,
    args: readonly unknown[],
    isRepeated: boolean,
    isHolding: boolean,
  ) => Timer;
  const Immediate = immediate.constructor as new (
    callback: () => void,
  ) => Immediate;
  const isReal = (name: keyof TimerFunctions) =>
    globalThis[name] as unknown === real[name];
  const clear = (timer: Timer) => void timer.close();
  return {
    setTimeout: (callback, ms) =>
      isReal("setTimeout")
        ? real.setTimeout(callback, ms)
        : new Timeout(callback, ms, [], false, true),
    setInterval: (callback, ms) =>
      isReal("setInterval")
        ? real.setInterval(callback, ms)
        : new Timeout(callback, ms, [], true, true),
    setImmediate: (callback) =>
      isReal("setImmediate")
        ? real.setImmediate(callback)
        : new Immediate(callback),
    clearTimeout: clear,
    clearInterval: clear,
  };
}

/** Metrics that remember what they were told, clocks and timers of the tests. */
import { timers } from "../src/runtime/wait.ts";

/** A histogram that remembers its observations. */
export class FakeObserver {
  readonly observed: number[] = [];
  observe(value: number): void {
    this.observed.push(value);
  }
}

/** A gauge, or a counter, that remembers its value and every step to it. */
export class FakeGauge {
  value = 0;
  readonly steps: string[] = [];
  inc(): void {
    this.value++;
    this.steps.push("inc");
  }
  dec(): void {
    this.value--;
    this.steps.push("dec");
  }
}

/** Runs `fn` with another clock in the place of `performance.now()`. */
async function withClock<T>(
  clock: () => number,
  fn: () => T | Promise<T>,
): Promise<T> {
  const { now } = performance;
  const { now: taken } = timers;
  performance.now = timers.now = clock;
  try {
    return await fn();
  } finally {
    performance.now = now;
    timers.now = taken;
  }
}

/** Runs `fn` with a clock on which one second passes between two readings. */
export async function withCountedClock(
  fn: () => void | Promise<void>,
): Promise<void> {
  let reading = 0;
  await withClock(() => 1000 * reading++, fn);
}

/** A clock that stands still until a test sets it. */
export interface SetClock {
  /** The value of `performance.now()`. */
  ms: number;
}

/** Runs `fn` with a clock that it sets itself. */
export async function withSetClock(
  fn: (clock: SetClock) => void | Promise<void>,
): Promise<void> {
  // Whole, so that sums of it are exact.
  const clock: SetClock = { ms: Math.ceil(performance.now()) };
  await withClock(() => clock.ms, () => fn(clock));
}

/** Runs `fn` with a clock that is an hour ahead. */
export async function anHourLater<T>(fn: () => Promise<T>): Promise<T> {
  const { now } = performance;
  return await withClock(() => now.call(performance) + 3_600_000, fn);
}

/** A timer that a test ends. */
export interface HeldTimer {
  /** After how many milliseconds it was to end. */
  readonly ms: number;
  /** Ends it. */
  end(): void;
  /** Says that it holds no process. */
  unref(): void;
}

/**
 * Runs `fn` with timers that end when it ends them.
 *
 * @param fn Is given the timers that were started and not cleared.
 */
export async function withHeldTimers(
  fn: (timers: ReadonlySet<HeldTimer>) => void | Promise<void>,
): Promise<void> {
  const { setTimeout, clearTimeout } = timers;
  const held = new Set<HeldTimer>();
  const started = new WeakSet<HeldTimer>();
  const start = (
    callback: (...args: unknown[]) => void,
    ms = 0,
    ...args: unknown[]
  ) => {
    const timer: HeldTimer = {
      ms,
      end() {
        held.delete(timer);
        callback(...args);
      },
      unref() {},
    };
    held.add(timer);
    started.add(timer);
    return timer;
  };
  const clear = (timer: unknown) => {
    const isHeld = started.has(timer as HeldTimer);
    if (isHeld) held.delete(timer as HeldTimer);
    else clearTimeout(timer as never);
  };
  Object.assign(timers, { setTimeout: start, clearTimeout: clear });
  try {
    await fn(held);
  } finally {
    Object.assign(timers, { setTimeout, clearTimeout });
  }
}

const REPLACED = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
] as const;

/** Runs `fn` while the global timers and the clock stand still. */
export async function withStoppedGlobals(
  fn: () => void | Promise<void>,
): Promise<void> {
  const globals = globalThis as unknown as Record<string, unknown>;
  const before = REPLACED.map((name) => [name, globals[name]]);
  const { now } = performance;
  // Node's own fetch takes the global timers, and their methods.
  const timer = { ref: () => timer, unref: () => timer, refresh: () => timer };
  for (const name of REPLACED) globals[name] = () => timer;
  performance.now = () => 0;
  try {
    await fn();
  } finally {
    performance.now = now;
    Object.assign(globalThis, Object.fromEntries(before));
  }
}

/** Runs `fn` and yields what it wrote to `console.error`. */
export async function capturedErrors(
  fn: () => void | Promise<void>,
): Promise<unknown[][]> {
  const { error } = console;
  const calls: unknown[][] = [];
  console.error = (...args: unknown[]) => void calls.push(args);
  try {
    await fn();
  } finally {
    console.error = error;
  }
  return calls;
}

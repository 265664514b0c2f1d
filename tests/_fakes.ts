/** Metrics that remember what they were told, clocks and timers of the tests. */

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
  performance.now = clock;
  try {
    return await fn();
  } finally {
    performance.now = now;
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
}

/**
 * Runs `fn` with timers that end when it ends them.
 *
 * @param fn Is given the timers that were started and not cleared.
 */
export async function withHeldTimers(
  fn: (timers: ReadonlySet<HeldTimer>) => void | Promise<void>,
): Promise<void> {
  const { setTimeout, clearTimeout } = globalThis;
  const timers = new Set<HeldTimer>();
  const start = (
    callback: (...args: unknown[]) => void,
    ms = 0,
    ...args: unknown[]
  ) => {
    const timer: HeldTimer = {
      ms,
      end() {
        timers.delete(timer);
        callback(...args);
      },
    };
    timers.add(timer);
    return timer;
  };
  const clear = (timer: unknown) => {
    if (!timers.delete(timer as HeldTimer)) clearTimeout(timer as number);
  };
  Object.assign(globalThis, { setTimeout: start, clearTimeout: clear });
  try {
    await fn(timers);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
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

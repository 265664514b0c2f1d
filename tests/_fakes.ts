/** Metrics that remember what they were told, and a clock that counts. */

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

/** Runs `fn` with a clock on which one second passes between two readings. */
export async function withCountedClock(
  fn: () => void | Promise<void>,
): Promise<void> {
  const { now } = performance;
  let reading = 0;
  performance.now = () => 1000 * reading++;
  try {
    await fn();
  } finally {
    performance.now = now;
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

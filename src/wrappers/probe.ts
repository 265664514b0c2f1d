/**
 * What happens at the two ends of a call. A wrapper brings one probe for each
 * metric; `instrument.ts` calls it.
 *
 * @module
 */

/** Any function. */
// deno-lint-ignore no-explicit-any
export type AnyFunction = (...args: any[]) => unknown;

/** The arguments of a call. */
// deno-lint-ignore no-explicit-any
export type Arguments = readonly any[];

/**
 * Measures calls. None of its methods ever throws: the outcome of a call is the
 * application's, whatever becomes of the measurement.
 *
 * The probes are small classes: engines then inline their methods into the
 * wrapped function, which closures would keep them from.
 */
export interface Probe {
  /** Runs before the call; what it returns is handed to one of the other two. */
  start(args: Arguments): unknown;
  /**
   * Runs when a value was returned or a promise was fulfilled; absent where
   * nothing is to be done then, which a promise settles the faster for.
   */
  succeed?(state: unknown, value: unknown): void;
  /** Runs when something was thrown or a promise was rejected. */
  fail(state: unknown, reason: unknown): void;
}

/** Makes one probe of several around the same call, the outermost first. */
export function nest(probes: readonly Probe[]): Probe {
  const [outer, middle = NO_PROBE, ...rest] = probes;
  if (probes.length === 1) return outer;
  const inner = rest.length === 0 ? NO_PROBE : nest(rest);
  return new NestedProbes(outer, middle, inner);
}

/** Fills a place that is left over. */
const NO_PROBE: Probe = {
  start() {},
  fail() {},
};

interface States {
  readonly outer: unknown;
  readonly middle: unknown;
  readonly inner: unknown;
}

/** As many as there are wrappers; a loop over any number takes twice the time. */
class NestedProbes implements Probe {
  readonly #outer: Probe;
  readonly #middle: Probe;
  readonly #inner: Probe;

  constructor(outer: Probe, middle: Probe, inner: Probe) {
    this.#outer = outer;
    this.#middle = middle;
    this.#inner = inner;
  }

  start(args: Arguments): States {
    return {
      outer: this.#outer.start(args),
      middle: this.#middle.start(args),
      inner: this.#inner.start(args),
    };
  }

  succeed(states: States, value: unknown): void {
    this.#inner.succeed?.(states.inner, value);
    this.#middle.succeed?.(states.middle, value);
    this.#outer.succeed?.(states.outer, value);
  }

  fail(states: States, reason: unknown): void {
    this.#inner.fail(states.inner, reason);
    this.#middle.fail(states.middle, reason);
    this.#outer.fail(states.outer, reason);
  }
}

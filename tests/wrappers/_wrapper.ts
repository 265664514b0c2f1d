/** The common part of the three wrappers. */
export interface WrapperUnderTest {
  name: string;
  /** Wraps a function with a metric that works. */
  wrap: <F extends (...args: never[]) => unknown>(fn: F) => F;
  /** Measures a promise with a metric that works. */
  follow: <T>(promise: PromiseLike<T>) => Promise<T>;
  /** The wrapper as JavaScript may call it, with anything. */
  // deno-lint-ignore no-explicit-any
  call: (...args: any[]) => any;
  /** A metric that works. */
  metric: unknown;
}

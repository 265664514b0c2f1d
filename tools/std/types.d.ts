// The standard library comes from npm's `deno-std` while developing, which has
// no type declarations. These are the signatures of `jsr:@std/…` that are used
// here; they are not published.

declare module "@std/http/negotiation" {
  export function acceptsEncodings(
    request: { headers: { get(key: string): string | null } },
    ...encodings: string[]
  ): string | undefined;
}

declare module "@std/assert" {
  // deno-lint-ignore no-explicit-any
  type Class<E> = abstract new (...args: any[]) => E;

  export function assert(expr: unknown, msg?: string): asserts expr;
  export function assertEquals<T>(actual: T, expected: T, msg?: string): void;
  export function assertStrictEquals<T>(
    actual: unknown,
    expected: T,
    msg?: string,
  ): asserts actual is T;
  export function assertInstanceOf<T>(
    actual: unknown,
    expectedType: Class<T>,
    msg?: string,
  ): asserts actual is T;
  export function assertMatch(
    actual: string,
    expected: RegExp,
    msg?: string,
  ): void;
  export function assertStringIncludes(
    actual: string,
    expected: string,
    msg?: string,
  ): void;
  export function assertThrows<E extends Error>(
    fn: () => unknown,
    errorClass: Class<E>,
    msgIncludes?: string,
  ): E;
  export function assertRejects<E extends Error>(
    fn: () => PromiseLike<unknown>,
    errorClass: Class<E>,
    msgIncludes?: string,
  ): Promise<E>;
}

/** The suite's `test`: that of `node:test`, with skips that tell their reason. */
import nodeTest from "node:test";

/** Options for {@linkcode test}. */
export interface TestOptions {
  /** The reason to skip the test; `undefined` runs it. */
  skip?: string;
}

/**
 * Declares a test.
 *
 * Of the runners' reports only Node's has the reason of a skip, so it is put
 * into the name, in the words of the Test Anything Protocol.
 */
export function test(name: string, fn: () => void | Promise<void>): void;
export function test(
  name: string,
  options: TestOptions,
  fn: () => void | Promise<void>,
): void;
export function test(
  name: string,
  ...rest:
    | [() => void | Promise<void>]
    | [TestOptions, () => void | Promise<void>]
): void {
  const [{ skip }, fn] = rest.length === 1
    ? [{ skip: undefined }, rest[0]]
    : rest;
  if (skip === undefined) nodeTest(name, () => fn());
  else nodeTest(`${name} # SKIP ${skip}`, { skip }, () => {});
}

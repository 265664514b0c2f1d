import { type Given, refusal } from "../base/checks.ts";
import { describeSecret, thenOf } from "../base/describe.ts";

/** A token, or a function that yields it. */
export type TokenSource = string | (() => string | Promise<string>) | undefined;

/** Yields a token; a promise of it if the function is asynchronous. */
export function tokenOf(
  action: string,
  source: TokenSource,
): string | undefined | Promise<string | undefined> {
  if (typeof source !== "function") return source;
  const parse = (yielded: unknown) =>
    parseToken({ action, name: "token", value: yielded ?? null });
  const yielded: unknown = source();
  return thenOf(yielded) === undefined
    ? parse(yielded)
    : Promise.resolve(yielded).then(parse);
}

/**
 * Parses a token: `undefined` if it is empty. Files have white space around it.
 * Messages show nothing of it, while those of a runtime that refuses a header would.
 */
export function parseToken(given: Given): string | undefined {
  const { value } = given;
  if (value === undefined) return undefined;
  if (typeof value !== "string") {
    const requirement = "must be a string, or a function that yields one";
    throw refusal(TypeError, given, requirement, describeSecret(value));
  }
  const trimmed = value.trim();
  if (/^[!-~]*$/.test(trimmed)) return trimmed || undefined;
  const requirement = "must be of visible ASCII characters";
  throw refusal(RangeError, given, requirement, "one with others");
}

import { describeSecret } from "../require.ts";

/** A token, or what yields it. */
export type TokenSource = string | (() => string | Promise<string>) | undefined;

/**
 * Yields a token, or a promise of it where the function is asynchronous.
 *
 * @throws What the function throws; `TypeError` or `RangeError` if what it yields
 * is none.
 */
export function tokenOf(
  action: string,
  source: TokenSource,
): string | undefined | Promise<string | undefined> {
  if (typeof source !== "function") return source;
  const read = (yielded: unknown) => requireToken(action, yielded ?? null);
  const yielded: unknown = source();
  const { then } = Object(yielded) as { then?: unknown };
  return typeof then === "function"
    ? Promise.resolve(yielded).then(read)
    : read(yielded);
}

/**
 * Requires a token to be one that can be sent; its message says nothing of it,
 * as that of a runtime that refuses a header would.
 *
 * @returns It without the white space around it, which files have; `undefined`
 * for none.
 */
export function requireToken(
  action: string,
  token: unknown,
): string | undefined {
  if (token === undefined) return undefined;
  if (typeof token !== "string") {
    throw new TypeError(
      `Cannot ${action}: token must be a string, or a function that yields one, ` +
        `received ${describeSecret(token)}`,
    );
  }
  const trimmed = token.trim();
  if (/^[!-~]*$/.test(trimmed)) return trimmed || undefined;
  throw new RangeError(
    `Cannot ${action}: token must be of visible ASCII characters, received ` +
      "one with others",
  );
}

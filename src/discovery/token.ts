import { describeSecret } from "../require.ts";

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

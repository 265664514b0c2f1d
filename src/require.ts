/**
 * Refusing options that cannot be what they are.
 *
 * @module
 */

import { describe } from "./describe.ts";

/** The longest that a timer can wait, in milliseconds. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** Values by the names of their options. */
type Values = Readonly<Record<string, unknown>>;

/**
 * Requires options to be of a type.
 *
 * @param action What they are for, such as "serve metrics".
 * @throws {TypeError} If one is not.
 */
export function requireType(
  action: string,
  type: "boolean" | "function" | "number" | "object" | "string",
  options: Values,
): void {
  for (const [name, value] of Object.entries(options)) {
    const actual: string = typeof value;
    if (actual === type && value !== null) continue;
    throw new TypeError(
      `Cannot ${action}: ${name} must be ${type === "object" ? "an" : "a"} ` +
        `${type}, received ${describe(value)}`,
    );
  }
}

/**
 * Requires options to be numbers in a range.
 *
 * @throws {TypeError} If one is no number.
 * @throws {RangeError} If one is out of the range, or `NaN`.
 */
export function requireNumber(
  action: string,
  options: Values,
  min: number,
  max: number,
): void {
  requireType(action, "number", options);
  for (const [name, value] of Object.entries(options)) {
    if ((value as number) >= min && (value as number) <= max) continue;
    throw new RangeError(
      `Cannot ${action}: ${name} must be a number from ${min} to ${max}, ` +
        `received ${describe(value)}`,
    );
  }
}

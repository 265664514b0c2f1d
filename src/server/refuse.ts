/**
 * Refusing options that would leave a server open to others than it is for: a
 * name with a typing error, or a value that is not there.
 *
 * @module
 */

import { requireObject } from "../require.ts";

/** What the options are for, in error messages. */
export const ACTION = "start metrics server";

/**
 * Requires an option that protects the server to be an object with nothing but
 * what is known, and none of it `undefined`.
 *
 * @throws {TypeError} If it is not; without the values, which may be secret.
 */
export function requireProtection(
  option: string,
  given: object,
  known: readonly string[],
): void {
  requireObject(ACTION, option, given, known);
  requireDefined(option, given);
}

/** Requires the properties of an object to be there if they are named. */
export function requireDefined(option: string, given: object): void {
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) continue;
    throw new TypeError(
      `Cannot ${ACTION}: ${option} must have no property that is undefined, ` +
        `received ${name}: undefined`,
    );
  }
}

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

/** The options that are given. */
export function defined(options: Values): Record<string, unknown> {
  const entries = Object.entries(options);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

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
 * Requires options to be strings that are not empty.
 *
 * @throws {TypeError} If one is no string.
 * @throws {RangeError} If one is empty.
 */
export function requireTexts(action: string, options: Values): void {
  requireType(action, "string", options);
  for (const [name, text] of Object.entries(options)) {
    if (text !== "") continue;
    throw new RangeError(
      `Cannot ${action}: ${name} must not be empty, received ""`,
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

/**
 * Requires an option to have a method.
 *
 * @throws {TypeError} If it has not.
 */
export function requireMethod(
  action: string,
  option: string,
  given: unknown,
  method: string,
): void {
  const found = (given as Values | null | undefined)?.[method];
  if (typeof found === "function") return;
  throw new TypeError(
    `Cannot ${action}: ${option} must have the method ${method}(), received ` +
      describe(given),
  );
}

/**
 * Requires an option to be an object of names and values.
 *
 * @param known The names that it may have; any, if none are given.
 * @throws {TypeError} If it is not; without the values, which may be secret.
 */
export function requireObject(
  action: string,
  option: string,
  given: object,
  known?: readonly string[],
): void {
  if (!isPlainObject(given)) {
    throw new TypeError(
      `Cannot ${action}: ${option} must be an object, received ` +
        describeSecret(given),
    );
  }
  if (known) requireNames(action, option, given, known);
}

/**
 * Requires an object to have no other names than those that are known.
 *
 * @param option What the object is called, such as "tls".
 * @throws {TypeError} If it has.
 */
export function requireNames(
  action: string,
  option: string,
  given: object,
  known: readonly string[],
): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = known.find((name) =>
    name.toLowerCase() === unknown.toLowerCase()
  );
  throw new TypeError(
    `Cannot ${action}: ${option} must have no properties but ` +
      `${known.join(", ")}, received ${unknown}` +
      `${meant === undefined ? "" : ` for ${meant}`}`,
  );
}

/**
 * Whether something is an object of names and values, be it an instance of a
 * class, as settings may be, which is none for `isObjectLiteral`.
 */
export function isPlainObject(given: unknown): given is object {
  return Object.prototype.toString.call(given) === "[object Object]";
}

/**
 * Requires an option to be a string, and tells nothing of what came instead.
 *
 * @throws {TypeError} If it is not.
 */
export function requireSecretText(
  action: string,
  option: string,
  value: unknown,
): void {
  if (typeof value === "string") return;
  throw new TypeError(
    `Cannot ${action}: ${option} must be a string, received ` +
      describeSecret(value),
  );
}

/**
 * Requires the option of a credential's file to be its path, not what is in it:
 * that would end up in the message that there is no such file.
 *
 * @param option Its name, which ends in `File`.
 * @throws {TypeError} If it is what is in the file.
 */
export function requireCredentialPath(
  action: string,
  option: string,
  path: string,
): void {
  if (!path.includes("-----BEGIN")) return;
  const way = option.replace(/^.*\.(.*)File$/, "$1");
  throw new TypeError(
    `Cannot ${action}: ${option} must be the path of a file, received what is ` +
      `in one; give it as ${way}`,
  );
}

/** Names a value for an error message by its type alone: it may be secret. */
export function describeSecret(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return `a value of type ${typeof value}`;
}

/**
 * Refusing options that would leave a server open to others than it is for: a
 * name with a typing error, or a value that is not there.
 *
 * @module
 */

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
  if (!isPlainObject(given)) {
    throw new TypeError(
      `Cannot ${ACTION}: ${option} must be an object, received ` +
        describeSecret(given),
    );
  }
  requireNames(option, given, known);
  requireDefined(option, given);
}

/**
 * Requires an object to have no other names than those that are known.
 *
 * @throws {TypeError} If it has.
 */
export function requireNames(
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
    `Cannot ${ACTION}: ${option} must have no properties but ` +
      `${known.join(", ")}, received ${unknown}` +
      `${meant === undefined ? "" : ` for ${meant}`}`,
  );
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

/** Whether something is an object of names and values, and no more. */
export function isPlainObject(given: unknown): given is object {
  return Object.prototype.toString.call(given) === "[object Object]";
}

/** Names a value for an error message by its type alone: it may be secret. */
export function describeSecret(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return `a value of type ${typeof value}`;
}

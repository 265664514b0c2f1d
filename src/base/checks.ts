/** Checks values that were given; each check throws what was required and what came. */

import { describe, describeSecret, isRecord, visible } from "./describe.ts";

/** The value that is given for an option, or its default. */
export interface Given {
  /** The action that fails otherwise, as in "Cannot serve metrics". */
  readonly action: string;
  /** The name of the option, as in "tls.key". */
  readonly name: string;
  readonly value: unknown;
}

/** Makes the error of a value that is not what is required. */
export function refusal(
  Class: new (message: string) => Error,
  { action, name, value }: Given,
  requirement: string,
  received: string = describe(value),
): Error {
  return new Class(
    `Cannot ${action}: ${name} ${requirement}, received ${received}`,
  );
}

/** Requires a value of a type. */
export function requireType(
  given: Given,
  type: "boolean" | "function" | "number" | "string",
): void {
  const actual: string = typeof given.value;
  if (actual !== type) throw refusal(TypeError, given, `must be a ${type}`);
}

/** The value of an option that must be a string. */
export function textOf(given: Given): string {
  requireType(given, "string");
  return given.value as string;
}

/** Requires a number in a range, and not `NaN`. */
export function requireNumber(given: Given, min: number, max: number): void {
  requireType(given, "number");
  const value = given.value as number;
  if (value >= min && value <= max) return;
  throw refusal(RangeError, given, `must be a number from ${min} to ${max}`);
}

/** Requires an array of strings. */
export function requireStrings(
  given: Given,
  requirement = "must be an array of strings",
): void {
  const { value } = given;
  const isList = Array.isArray(value) &&
    value.every((each) => typeof each === "string");
  if (!isList) throw refusal(TypeError, given, requirement);
}

/** Requires an object with a method. */
export function requireMethod(given: Given, method: string): void {
  const { [method]: found } = Object(given.value);
  if (typeof found === "function") return;
  throw refusal(TypeError, given, `must have the method ${method}()`);
}

/**
 * Requires an object of names and values, which may be secret.
 *
 * @param known The names that it may have; any, if this is not given.
 */
export function requireRecord(given: Given, known?: readonly string[]): void {
  const { value } = given;
  if (!isRecord(value)) {
    const received = describeSecret(value);
    throw refusal(TypeError, given, "must be an object", received);
  }
  if (known) requireNames(given, known);
}

/** Requires an object to have known names only: another may be a typing error. */
export function requireNames(given: Given, known: readonly string[]): void {
  const unknown = Object.keys(given.value as object)
    .find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = known.find((name) =>
    name.toLowerCase() === unknown.toLowerCase()
  );
  const requirement = `must have no properties but ${known.join(", ")}`;
  const received = visible(unknown) +
    (meant === undefined ? "" : ` for ${meant}`);
  throw refusal(TypeError, given, requirement, received);
}

/**
 * Requires an object that protects to have no property that is `undefined`: it may
 * be a secret that was not found.
 */
export function requireDefined(given: Given): void {
  const missing = Object.entries(given.value as object)
    .find(([, value]) => value === undefined);
  if (missing === undefined) return;
  const requirement = "must have no property that is undefined";
  throw refusal(TypeError, given, requirement, `${missing[0]}: undefined`);
}

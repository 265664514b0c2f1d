/**
 * Errors that cross from thread to thread: cloning would keep only the message and
 * the name of a built-in class.
 *
 * @module
 */

import { messageOf } from "../base/describe.ts";
import * as ownErrors from "../errors.ts";

export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Its own primitive properties, as `code`. */
  readonly fields: readonly (readonly [name: string, value: Primitive])[];
  readonly cause?: SentError | Primitive;
  /** The first errors in an `AggregateError`. */
  readonly errors?: readonly (SentError | Primitive)[];
}

type Primitive = string | number | boolean | bigint | null | undefined;

/** The classes that survive, for `instanceof`. */
const CLASSES: Readonly<Record<string, { prototype: Error }>> = {
  ...ownErrors,
  AggregateError,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** How deep causes are followed, since they may form a loop. */
const MAX_DEPTH = 4;

/** The number of errors of an `AggregateError` that are sent. */
const MAX_ERRORS = 10;

/** Makes data of any thrown value, below `depth` others; never throws. */
export function toSent(thrown: unknown, depth = 0): SentError {
  const sent: SentError = {
    name: "Error",
    message: messageOf(thrown),
    fields: [],
  };
  if (typeof thrown !== "object" || thrown === null) return sent;
  try {
    const fields = Object.entries(thrown)
      .filter((field): field is [string, Primitive] => isPrimitive(field[1]));
    if (!(thrown instanceof Error)) return { ...sent, fields };
    const { name, stack, cause } = thrown;
    const { errors } = thrown as { errors?: unknown };
    const isDeep = depth === MAX_DEPTH;
    const causeToSent = (cause: unknown) =>
      isPrimitive(cause) ? cause : toSent(cause, depth + 1);
    return {
      ...sent,
      name: String(name),
      fields,
      ...stack !== undefined && { stack: String(stack) },
      ...cause !== undefined && !isDeep && { cause: causeToSent(cause) },
      ...Array.isArray(errors) && !isDeep && {
        errors: errors.slice(0, MAX_ERRORS).map(causeToSent),
      },
    };
  } catch {
    return sent;
  }
}

function isPrimitive(value: unknown): value is Primitive {
  return value === null ||
    !["object", "function", "symbol"].includes(typeof value);
}

/** Makes an error of data, of its class if that is in {@linkcode CLASSES}. */
export function fromSent(
  { name, message, stack, fields, cause, errors }: SentError,
): Error {
  const error = new Error(message);
  const known = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype);
  const hidden = {
    name,
    stack,
    cause: causeFromSent(cause),
    errors: errors?.map(causeFromSent),
  };
  for (const [field, value] of fields) define(error, field, value, true);
  for (const [field, value] of Object.entries(hidden)) {
    if (value !== undefined) define(error, field, value, false);
  }
  return error;
}

function causeFromSent(cause: SentError | Primitive): unknown {
  return isPrimitive(cause) ? cause : fromSent(cause);
}

/** Sets a property of any name, even `__proto__`. */
function define(
  error: Error,
  name: string,
  value: unknown,
  enumerable: boolean,
): void {
  const property = { value, enumerable, configurable: true, writable: true };
  Object.defineProperty(error, name, property);
}

/**
 * Errors on their way from thread to thread: cloning would leave of them no more
 * than the name of a built-in class and the message.
 *
 * @module
 */

import {
  CollectorError,
  ConsulError,
  ListenError,
  ThreadError,
  TlsError,
  UnsupportedOptionError,
} from "../errors.ts";
import { messageOf } from "../message_of.ts";

/** An error as data. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Its own properties that are data, such as `code`. */
  readonly fields: readonly (readonly [name: string, value: Primitive])[];
  /** What has caused it. */
  readonly cause?: SentError | Primitive;
  /** The first ones in an `AggregateError`. */
  readonly errors?: readonly (SentError | Primitive)[];
}

type Primitive = string | number | boolean | bigint | null | undefined;

/** The classes that callers may ask for. */
const CLASSES: Readonly<Record<string, { prototype: Error }>> = {
  AggregateError,
  CollectorError,
  ConsulError,
  EvalError,
  ListenError,
  RangeError,
  ReferenceError,
  SyntaxError,
  ThreadError,
  TlsError,
  TypeError,
  UnsupportedOptionError,
  URIError,
};

/** How deep causes are followed: they may be endless. */
const MAX_DEPTH = 4;

/** How many errors of an `AggregateError` are sent. */
const MAX_ERRORS = 10;

/**
 * Makes data of whatever was thrown; it never throws itself.
 *
 * @param depth How many causes led here.
 */
export function toSent(thrown: unknown, depth = 0): SentError {
  const sent = { name: "Error", message: messageOf(thrown), stack: undefined };
  if (typeof thrown !== "object" || thrown === null) {
    return { ...sent, fields: [] };
  }
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
      stack: stack === undefined ? undefined : String(stack),
      fields,
      ...cause !== undefined && !isDeep && { cause: causeToSent(cause) },
      ...Array.isArray(errors) && !isDeep && {
        errors: errors.slice(0, MAX_ERRORS).map(causeToSent),
      },
    };
  } catch {
    return { ...sent, fields: [] };
  }
}

function isPrimitive(value: unknown): value is Primitive {
  return value === null ||
    !["object", "function", "symbol"].includes(typeof value);
}

/** Makes the error again: of its class, if that is one of those above. */
export function fromSent(
  { name, message, stack, fields, cause, errors }: SentError,
): Error {
  const error = new Error(message);
  const known = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype);
  for (const [field, value] of fields) define(error, field, value, true);
  define(error, "name", name);
  if (stack !== undefined) define(error, "stack", stack);
  if (cause !== undefined) define(error, "cause", causeFromSent(cause));
  if (errors !== undefined) define(error, "errors", errors.map(causeFromSent));
  return error;
}

function causeFromSent(cause: SentError | Primitive): unknown {
  return isPrimitive(cause) ? cause : fromSent(cause);
}

/** Sets a property, whatever its name. */
function define(
  error: Error,
  name: string,
  value: unknown,
  enumerable = false,
): void {
  Object.defineProperty(error, name, {
    value,
    enumerable,
    configurable: true,
    writable: true,
  });
}

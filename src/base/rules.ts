/** Options: a table of rules says of each what it must be, and its default. */

import { describeSecret } from "./describe.ts";
import {
  type Given,
  refusal,
  requireMethod,
  requireNumber,
  requireRecord,
  requireType,
  textOf,
} from "./checks.ts";

/** A rule for an option. */
export interface Rule<Value> {
  /** The default, in the form in which it would be given. */
  readonly fallback?: unknown;
  /** Whether the option must be given. */
  readonly isRequired?: boolean;
  /** Checks a value, and yields it as it is used. */
  parse(given: Given): Value;
}

/** The rules for options, by their names. */
export type Rules = Readonly<Record<string, Rule<unknown>>>;

/** A rule for each of some options, whatever it yields. */
export type RuleOfEach<Options> = {
  readonly [Name in keyof Options]-?: Rule<unknown>;
};

/** The rules for some options; those with a default always have a value. */
export type RulesFor<Options, Defaults extends keyof Options = never> = {
  readonly [Name in keyof Options]-?: Rule<
    Name extends Defaults ? Exclude<Options[Name], undefined>
      : Options[Name] | undefined
  >;
};

/** The values that rules yield. */
export type Checked<Table extends Rules> = {
  readonly [Name in keyof Table]: Table[Name] extends Rule<infer Value> ? Value
    : never;
};

/**
 * Checks options, and copies them with their defaults.
 *
 * @param option The name of the object: "options", or an option such as "tls".
 * @throws {TypeError} If a name is not known, or a value of another type.
 * @throws {RangeError} If a value is out of its range.
 */
export function check<Table extends Rules>(
  action: string,
  option: string,
  given: unknown,
  rules: Table,
): Checked<Table> {
  const record = { action, name: option, value: given };
  requireRecord(record, Object.keys(rules));
  const checked: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(rules)) {
    // By its name, since inherited options count.
    const { [name]: value = rule.fallback } = given as Record<string, unknown>;
    const label = option === "options" ? name : `${option}.${name}`;
    checked[name] = value === undefined && !rule.isRequired
      ? undefined
      : rule.parse({ action, name: label, value });
  }
  return checked as Checked<Table>;
}

/** Turns a rule into one for an option that must be given. */
export function required<Value>(rule: Rule<Value | undefined>): Rule<Value> {
  return { ...rule as Rule<Value>, isRequired: true };
}

/** The value of an option that is not given and has no default. */
type Absent<Fallback> = Fallback extends undefined ? undefined : never;

/** A value that a function checks, and copies or converts. */
export function parsed<Value, Fallback = undefined>(
  parse: (given: Given) => Value,
  fallback?: Fallback,
): Rule<Value | Absent<Fallback>> {
  return { parse, fallback };
}

/** An object of options that have a table of their own; by default it is empty. */
export function table<Table extends Rules>(rules: Table): Rule<Checked<Table>> {
  return parsed(
    ({ action, name, value }) => check(action, name, value, rules),
    {},
  );
}

/** A value that a function verifies; it is `undefined` without a default. */
export function such<Value>(
  verify: (given: Given) => void,
  fallback?: Value,
): Rule<Value> {
  return parsed((given) => {
    verify(given);
    return given.value as Value;
  }, fallback as unknown);
}

/** An option that is checked elsewhere. */
export function anything<Value>(): Rule<Value | undefined> {
  return such<Value | undefined>(() => {});
}

/** `true` or `false`. */
export function boolean(fallback: boolean): Rule<boolean> {
  return ofType("boolean", fallback);
}

/** A function. */
export function callback<Value>(): Rule<Value | undefined> {
  return ofType("function");
}

/** A string, which may be empty. */
export function text(): Rule<string | undefined> {
  return ofType("string");
}

function ofType<Value>(
  type: "boolean" | "function" | "string",
  fallback?: Value,
): Rule<Value> {
  return such((given) => requireType(given, type), fallback as Value);
}

/** A string that is not empty. */
export function words<Fallback = undefined>(
  fallback?: Fallback,
): Rule<string | Absent<Fallback>> {
  return parsed((given) => {
    const text = textOf(given);
    if (text !== "") return text;
    throw refusal(RangeError, given, "must not be empty");
  }, fallback);
}

/** A number in a range. */
export function number<Fallback extends number | undefined = undefined>(
  min: number,
  max: number,
  fallback?: Fallback,
): Rule<number | Fallback> {
  return such<number | Fallback>(
    (given) => requireNumber(given, min, max),
    fallback as Fallback,
  );
}

/** An integer in a range. */
export function integer(min: number, max: number): Rule<number | undefined> {
  return parsed((given) => {
    const { value } = given;
    const isNumber = typeof value === "number";
    if (isNumber && Number.isInteger(value) && value >= min && value <= max) {
      return value;
    }
    const requirement = `must be an integer from ${min} to ${max}`;
    throw refusal(isNumber ? RangeError : TypeError, given, requirement);
  });
}

/** An object with methods. */
export function having<Value>(
  ...methods: readonly (keyof Value & string)[]
): Rule<Value | undefined> {
  return such<Value | undefined>((given) => {
    for (const method of methods) requireMethod(given, method);
  });
}

/** A string; the message shows nothing of another value. */
export function secret(): Rule<string | undefined> {
  return parsed(secretOf);
}

function secretOf(given: Given): string {
  if (typeof given.value === "string") return given.value;
  const received = describeSecret(given.value);
  throw refusal(TypeError, given, "must be a string", received);
}

/**
 * The path of a credential's file; the option ends in `File`. A credential in its
 * place would be shown in the message that no such file exists.
 */
export function credentialFile(): Rule<string | undefined> {
  return parsed((given) => {
    const path = secretOf(given);
    if (!path.includes("-----BEGIN")) return path;
    const way = given.name.replace(/^.*\.(.*)File$/, "$1");
    const received = `what is in one; give it as ${way}`;
    throw refusal(TypeError, given, "must be the path of a file", received);
  });
}

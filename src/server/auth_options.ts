import { type Given, refusal, requireDefined } from "../base/checks.ts";
import { describe, describeSecret, isRecord } from "../base/describe.ts";
import * as rule from "../base/rules.ts";
import { MAX_TIMER_MS } from "../runtime/wait.ts";
import {
  type AuthSettings,
  isToken,
  problemOf,
  REQUIREMENTS,
} from "./credentials.ts";

/**
 * The credentials that a metrics server takes; one of them is enough. Those in files
 * are taken in addition, and read again from time to time: a secret that is renewed
 * needs no restart.
 */
export interface AuthOptions {
  /**
   * Passwords by the names of the users, for basic authentication (RFC 7617). One
   * that begins with `$scrypt$` is hashed, in the PHC string format; the program
   * `./hash-password` of this package makes it.
   */
  basic?: Readonly<Record<string, string>>;
  /** The tokens that are taken, for bearer authentication (RFC 6750). */
  bearer?: readonly string[];
  /**
   * A file of users with their passwords, hashed or not: `user:password`, one a
   * line. Empty lines, and those that begin with `#`, are left out.
   */
  basicFile?: string;
  /** A file of tokens, one a line. */
  bearerFile?: string;
  /**
   * The time between two looks at the files, in milliseconds, from 100 on.
   *
   * @default {10_000}
   */
  reloadInterval?: number;
}

const RULES = {
  basic: rule.parsed(parseUsers, {}),
  bearer: rule.parsed(parseTokens, []),
  basicFile: rule.secret(),
  bearerFile: rule.secret(),
  reloadInterval: rule.number(100, MAX_TIMER_MS, 10_000),
} satisfies rule.RuleOfEach<AuthOptions>;

/** Parses the credentials; at least one is required. */
export function parseAuth(given: Given): AuthSettings {
  const settings = rule.table(RULES).parse(given);
  requireDefined(given);
  const { basic, bearer, basicFile, bearerFile } = settings;
  const isGiven = basic.length + bearer.length > 0 ||
    (basicFile ?? bearerFile) !== undefined;
  if (isGiven) return settings;
  throw refusal(
    TypeError,
    given,
    "must have users in basic or tokens in bearer",
    "none; leave it out to serve everybody",
  );
}

function parseUsers(given: Given): AuthSettings["basic"] {
  const { value: users } = given;
  if (!isRecord(users)) {
    const requirement = "must be an object of passwords by user";
    throw refusal(TypeError, given, requirement, describeSecret(users));
  }
  requireDefined(given);
  return Object.entries(users).map(([user, password]: [string, unknown]) => {
    const problem = problemOf(user, password);
    if (problem === undefined) return [user, password as string];
    if (problem === "user") {
      // The text behind the colon may be the password.
      throw refusal(RangeError, given, REQUIREMENTS.user, "one with it");
    }
    const received = password === ""
      ? "an empty one"
      : typeof password === "string"
      ? "another hash"
      : describeSecret(password);
    const Class = typeof password === "string" ? RangeError : TypeError;
    throw refusal(
      Class,
      given,
      REQUIREMENTS.password,
      `${received} for ${describe(user)}`,
    );
  });
}

function parseTokens(given: Given): readonly string[] {
  const { value: tokens } = given;
  if (!Array.isArray(tokens)) {
    const requirement = "must be an array of tokens";
    throw refusal(TypeError, given, requirement, describeSecret(tokens));
  }
  return tokens.map((token: unknown, n) => {
    if (isToken(token)) return token;
    const received = `another one as number ${n + 1}`;
    throw refusal(RangeError, given, REQUIREMENTS.token, received);
  });
}

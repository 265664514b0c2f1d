/** The credentials that a server takes, from its options and their files. */

import { readText } from "../runtime/credentials.ts";
import { isHash, parseHash, type PasswordHash } from "../runtime/scrypt.ts";

/** The options of credentials as they are used: data alone. */
export interface AuthSettings {
  readonly basic: readonly (readonly [user: string, password: string])[];
  readonly bearer: readonly string[];
  readonly basicFile: string | undefined;
  readonly bearerFile: string | undefined;
  readonly reloadInterval: number;
}

/** Credentials, as clients spell them: `basic user:password`, `bearer token`. */
export interface Credentials {
  readonly texts: readonly string[];
  /** Users with hashed passwords, by how their credentials start. */
  readonly hashes: readonly {
    readonly start: string;
    readonly hash: PasswordHash;
  }[];
}

/** The characters of a bearer token (RFC 6750, 2.1). */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The requirements, for messages. */
export const REQUIREMENTS: Readonly<
  Record<"user" | "password" | "token", string>
> = {
  user: "must have users without a colon",
  password: "must have passwords that are not empty, or hashed as " +
    "$scrypt$ln=15,r=8,p=1$salt$hash, with 256 MB at most",
  token: "must have tokens of letters, digits and -._~+/ (RFC 6750)",
};

/** Names the part of a user's credentials that cannot be used. */
export function problemOf(
  user: string,
  password: unknown,
): "user" | "password" | undefined {
  if (user.includes(":")) return "user";
  if (typeof password !== "string" || password === "") return "password";
  const isBroken = isHash(password) && parseHash(password) === undefined;
  return isBroken ? "password" : undefined;
}

/** Whether a value is a bearer token. */
export function isToken(value: unknown): value is string {
  return typeof value === "string" && TOKEN.test(value);
}

/**
 * Loads the credentials, also those in files: one a line, `user:password` or a
 * token. Empty lines, and those that begin with `#`, are left out.
 *
 * @throws {Error} If a file cannot be used; never with its contents.
 */
export async function loadAuth(
  { basic, bearer, basicFile, bearerFile }: AuthSettings,
): Promise<Credentials> {
  const users = [...basic];
  const tokens = [...bearer];
  for (const [line, unusable] of await linesOf("basicFile", basicFile)) {
    const [, user, password] = /^([^:]*):(.*)$/.exec(line) ?? [];
    const problem = problemOf(user ?? ":", password);
    if (problem) throw unusable(REQUIREMENTS[problem]);
    users.push([user, password]);
  }
  for (const [line, unusable] of await linesOf("bearerFile", bearerFile)) {
    if (!isToken(line)) throw unusable(REQUIREMENTS.token);
    tokens.push(line);
  }
  const starts = users.map(([user, password]) => ({
    start: `basic ${user}:`,
    password,
  }));
  return {
    texts: [
      ...starts.filter(({ password }) => !isHash(password))
        .map(({ start, password }) => start + password),
      ...tokens.map((token) => `bearer ${token}`),
    ],
    hashes: starts.filter(({ password }) => isHash(password))
      .map(({ start, password }) => ({ start, hash: parseHash(password)! })),
  };
}

type Line = readonly [line: string, unusable: (problem: string) => Error];

/**
 * Reads the lines of a file, each with a function that refuses it. Messages name the
 * option, since its value may be the secret itself in place of the file's path.
 */
async function linesOf(
  option: "basicFile" | "bearerFile",
  file: string | undefined,
): Promise<Line[]> {
  if (file === undefined) return [];
  const refuse = (problem: string) =>
    new Error(`Cannot use credentials: the file of auth.${option} ${problem}`);
  const text = await readText(file).catch(({ code, name }) => {
    throw refuse(`must be readable, received ${code ?? name}`);
  });
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/)
    .map((line, n): Line => [
      line,
      (problem) => refuse(`${problem}, received another line ${n + 1}`),
    ])
    .filter(([line]) => line.trim() !== "" && !line.startsWith("#"));
  // While it is replaced it may be empty for a moment.
  if (lines.length > 0) return lines;
  throw refuse("must have lines, received none");
}

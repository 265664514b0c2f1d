import { describe } from "../describe.ts";
import { plainResponse } from "../plain_response.ts";
import { describeSecret, isPlainObject } from "../require.ts";
import { ACTION, requireDefined, requireProtection } from "./refuse.ts";

/**
 * Who may ask a metrics server.
 *
 * @example A password and two tokens
 * ```ts
 * import { type AuthOptions, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const auth: AuthOptions = {
 *   basic: { prometheus: "a-long-random-password" },
 *   bearer: ["the-token-of-now", "the-token-of-before"],
 * };
 * const server = await startHttpServer({ addr: "127.0.0.1", auth });
 * const headers = { authorization: "Bearer the-token-of-before" };
 * const { status } = await fetch(server.metricsUrl, { headers });
 * await server.close();
 * if (status !== 200) throw new Error(`status is ${status}`);
 * ```
 */
export interface AuthOptions {
  /** Passwords by the names of the users, for basic authentication (RFC 7617). */
  basic?: Readonly<Record<string, string>>;
  /** The tokens that are taken, for bearer authentication (RFC 6750). */
  bearer?: readonly string[];
}

/** The credentials of one scheme, as {@linkcode readCredentials} spells them. */
type Credentials = readonly Uint8Array<ArrayBuffer>[];

/** Who may ask, as it is used: data alone. */
export type AuthSettings = Readonly<Record<"basic" | "bearer", Credentials>>;

/**
 * Answers a request that must not be answered otherwise.
 *
 * @returns The refusal; `undefined` if the request may go on.
 */
export type Authorizer = (
  request: Pick<Request, "headers">,
) => Promise<Response | undefined>;

/** What a bearer token may consist of (RFC 6750, 2.1). */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

const encoder = new TextEncoder();

/**
 * Makes a function that lets pass requests with one of the credentials.
 *
 * How long it takes tells nothing of them: it compares digests, whose values no
 * client can choose, with those of all users and tokens, to their ends.
 */
export async function authorizer(
  { basic, bearer }: AuthSettings,
): Promise<Authorizer> {
  const challenge = [
    basic.length > 0 && 'Basic realm="metrics", charset="UTF-8"',
    bearer.length > 0 && 'Bearer realm="metrics"',
  ].filter((scheme) => scheme !== false).join(", ");
  const accepted = await Promise.all([...basic, ...bearer].map(digest));
  return async ({ headers }) => {
    const received = readCredentials(headers.get("authorization") ?? "");
    const actual = await digest(received ?? new Uint8Array());
    let isAccepted = false;
    for (const expected of accepted) {
      if (equalInConstantTime(actual, expected)) isAccepted = true;
    }
    if (isAccepted && received !== undefined) return undefined;
    return plainResponse(401, "Unauthorized", {
      "www-authenticate": challenge,
      "cache-control": "no-store",
    });
  };
}

/**
 * Copies the credentials, and refuses what they cannot be.
 *
 * @throws {TypeError} If the options have no credentials, or others than these.
 * @throws {RangeError} If a user or a token could not be sent.
 */
export function readAuthOptions(options: AuthOptions): AuthSettings {
  requireProtection("auth", options, ["basic", "bearer"]);
  const { basic: users = {}, bearer: tokens = [] } = options;
  const basic = basicCredentials(users);
  const bearer = bearerCredentials(tokens);
  if (basic.length + bearer.length > 0) return { basic, bearer };
  throw new TypeError(
    `Cannot ${ACTION}: auth must have users in basic or tokens in bearer, ` +
      "received none; leave it out to serve everybody",
  );
}

function basicCredentials(
  users: Readonly<Record<string, string>>,
): Credentials {
  if (!isPlainObject(users)) {
    throw new TypeError(
      `Cannot ${ACTION}: auth.basic must be an object of passwords by user, ` +
        `received ${describeSecret(users)}`,
    );
  }
  requireDefined("auth.basic", users);
  return Object.entries(users).map(([user, password]) => {
    if (user.includes(":")) {
      // What follows the colon may be the password.
      throw new RangeError(
        `Cannot ${ACTION}: auth.basic must have users without a colon, ` +
          "received one with it",
      );
    }
    const received = password === ""
      ? "an empty one"
      : describeSecret(password);
    if (typeof password !== "string" || password === "") {
      throw new TypeError(
        `Cannot ${ACTION}: auth.basic must have passwords that are strings, ` +
          `and not empty, received ${received} for ${describe(user)}`,
      );
    }
    return encoder.encode(`basic ${user}:${password}`);
  });
}

function bearerCredentials(tokens: readonly string[]): Credentials {
  if (!Array.isArray(tokens)) {
    throw new TypeError(
      `Cannot ${ACTION}: auth.bearer must be an array of tokens, received ` +
        describeSecret(tokens),
    );
  }
  return tokens.map((token: unknown, n) => {
    if (typeof token === "string" && TOKEN.test(token)) {
      return encoder.encode(`bearer ${token}`);
    }
    throw new RangeError(
      `Cannot ${ACTION}: auth.bearer must have tokens of letters, digits ` +
        `and -._~+/ (RFC 6750), received another one as number ${n + 1}`,
    );
  });
}

/** Reads an Authorization header (RFC 9110, 11.6.2), if it can be read. */
function readCredentials(header: string): Uint8Array<ArrayBuffer> | undefined {
  const [, scheme, value] = /^(\S+) +(\S+) *$/.exec(header) ?? [];
  switch (scheme?.toLowerCase()) {
    case "basic":
      try {
        const binary = `basic ${atob(value)}`;
        return Uint8Array.from(binary, (char) => char.charCodeAt(0));
      } catch {
        return undefined;
      }
    case "bearer":
      return encoder.encode(`bearer ${value}`);
    default:
      return undefined;
  }
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** Compares two digests, which have one length. */
function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

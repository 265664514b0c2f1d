import { type Answer, type MetricsRequest, plainAnswer } from "../answer.ts";
import { isPasswordOf } from "../runtime/scrypt.ts";
import {
  type AuthSettings,
  type Credentials,
  loadAuth,
} from "./credentials.ts";
import { PasswordChecks } from "./password_checks.ts";

/** Yields the answer that refuses a request; `undefined` if it may go on. */
export type Authorizer = (
  request: MetricsRequest,
  remoteAddress: () => string | undefined,
) => Promise<Answer | undefined>;

const encoder = new TextEncoder();

/** Credentials as they are compared. */
interface Accepted {
  readonly digests: Uint8Array[];
  readonly hashes: Credentials["hashes"];
}

/**
 * Refuses requests without one of the credentials.
 *
 * Its duration tells nothing of them: it compares digests, whose values no client
 * can choose, with those of all users and tokens, to their ends. A password that is
 * hashed is remembered by its digest once it was right. Others are hashed one after
 * the other, also those of unknown users, since each takes a core and its memory.
 */
export class Authorization {
  readonly #settings: AuthSettings;
  readonly #challenge: string;
  #loaded: Credentials | undefined;
  #accepted: Accepted = { digests: [], hashes: [] };
  readonly #checks = new PasswordChecks();

  /** Takes no credentials before {@linkcode load}. */
  constructor(settings: AuthSettings) {
    const { basic, bearer, basicFile, bearerFile } = settings;
    this.#settings = settings;
    const hasBasic = basic.length > 0 || basicFile !== undefined;
    const hasBearer = bearer.length > 0 || bearerFile !== undefined;
    this.#challenge = [
      hasBasic && 'Basic realm="metrics", charset="UTF-8"',
      hasBearer && 'Bearer realm="metrics"',
    ].filter((scheme) => scheme !== false).join(", ");
  }

  /**
   * Takes the credentials as they are now; those before stay if a file cannot be
   * used.
   *
   * @throws {Error} If a file cannot be used.
   */
  async load(): Promise<void> {
    const loaded = await loadAuth(this.#settings);
    // Else right passwords would be hashed once more.
    if (JSON.stringify(loaded) === JSON.stringify(this.#loaded)) return;
    this.#loaded = loaded;
    const { texts, hashes } = loaded;
    const digests = texts.map((text) => digest(encoder.encode(text)));
    this.#accepted = {
      digests: await Promise.all(digests),
      hashes,
    };
  }

  readonly authorize: Authorizer = async ({ headers }, remoteAddress) => {
    const { digests, hashes } = this.#accepted;
    const header = headers.get("authorization") ?? "";
    const received = parseHeader(header);
    const actual = await digest(received ?? new Uint8Array());
    if (isAmong(digests, actual) && received) return undefined;
    if (received && hashes.length > 0 && /^basic/i.test(header)) {
      const isRight = await this.#checks.run(
        actual.join(),
        remoteAddress(),
        () => isAUsers(hashes, received),
      );
      if (isRight === undefined) {
        return refusal(429, "Too Many Requests", { "retry-after": "1" });
      }
      if (isRight) {
        digests.push(actual);
        return undefined;
      }
    }
    const challenge = { "www-authenticate": this.#challenge };
    return refusal(401, "Unauthorized", challenge);
  };
}

/** Whether credentials are those of a user with a hashed password. */
async function isAUsers(
  hashes: Credentials["hashes"],
  received: Uint8Array,
): Promise<boolean> {
  const spelled = new TextDecoder().decode(received);
  const own = hashes.filter(({ start }) => spelled.startsWith(start));
  if (own.length === 0) await isPasswordOf(hashes[0].hash, received);
  for (const { start, hash } of own) {
    const password = received.subarray(encoder.encode(start).length);
    if (await isPasswordOf(hash, password)) return true;
  }
  return false;
}

function refusal(
  status: number,
  text: string,
  headers: Record<string, string>,
) {
  return plainAnswer(status, text, { ...headers, "cache-control": "no-store" });
}

/** Parses an Authorization header (RFC 9110, 11.6.2), if it has known credentials. */
function parseHeader(header: string): Uint8Array<ArrayBuffer> | undefined {
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

/** Compares a digest with all others, in a time that does not tell which it is. */
function isAmong(digests: readonly Uint8Array[], actual: Uint8Array): boolean {
  let isFound = false;
  for (const each of digests) {
    let difference = 0;
    for (let i = 0; i < each.length; i++) difference |= each[i] ^ actual[i];
    if (difference === 0) isFound = true;
  }
  return isFound;
}

/** Hashed passwords: scrypt (RFC 7914), in the PHC string format. */
import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** A hashed password: data alone. */
export interface PasswordHash {
  /** The logarithm of the cost. */
  readonly ln: number;
  /** The size of a block. */
  readonly r: number;
  /** How often all is done. */
  readonly p: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** A tenth of a second and 32 MB on the machines of today. */
const COST = { ln: 15, r: 8, p: 1 };

/** The most memory that a hash may take, in bytes: OWASP advises half of it. */
const MAX_BYTES = 2 ** 28;

const PHC =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,2})\$([\w+/]{11,86})\$([\w+/]{22,86})$/;

/** Whether a password is meant to be hashed. */
export function isHash(password: string): boolean {
  return password.startsWith("$scrypt$");
}

/** Parses a hash; `undefined` if it is malformed, or takes too much. */
export function parseHash(text: string): PasswordHash | undefined {
  const [, ln, r, p, salt, hash] = PHC.exec(text) ?? [];
  if (hash === undefined) return undefined;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const isUsable = cost.ln > 0 && cost.r > 0 && cost.p > 0 &&
    bytesOf(cost) <= MAX_BYTES && cost.p <= 16;
  if (!isUsable) return undefined;
  return { ...cost, salt: fromBase64(salt), hash: fromBase64(hash) };
}

/** Hashes a password. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(Buffer.from(password), { ...COST, salt }, 32);
  const { ln, r, p } = COST;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${toBase64(salt)}$${toBase64(hash)}`;
}

/** Whether a password is that of a hash, in a time that does not tell how far. */
export async function isPasswordOf(
  hash: PasswordHash,
  password: Uint8Array,
): Promise<boolean> {
  const { byteLength } = hash.hash;
  return timingSafeEqual(await derive(password, hash, byteLength), hash.hash);
}

type Cost = Pick<PasswordHash, "ln" | "r" | "p">;

/** The memory that a hash takes (RFC 7914, 2). */
function bytesOf({ ln, r, p }: Cost): number {
  return 128 * r * (2 ** ln + p + 2);
}

function derive(
  password: Uint8Array,
  { salt, ...cost }: Omit<PasswordHash, "hash">,
  length: number,
): Promise<Buffer> {
  const { ln, r, p } = cost;
  const options = { N: 2 ** ln, r, p, maxmem: bytesOf(cost) };
  return new Promise((resolve, reject) => {
    // On a thread of the runtime's own.
    scrypt(password, salt, length, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

/** Without padding, as the PHC format has it. */
function toBase64(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}

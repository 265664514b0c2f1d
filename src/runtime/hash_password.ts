/**
 * A program that hashes a password for the option `auth` of a metrics server: it
 * reads a line from standard input, and writes the hash.
 *
 * @example Hashing a password
 * ```sh
 * read -rs password
 * printf '%s\n' "$password" |
 *   deno run jsr:@prometheus-async/prometheus-async/hash-password
 * printf '%s\n' "$password" |
 *   node -e 'import("@prometheus-async/prometheus-async/hash-password")'
 * ```
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { hashPassword } from "./scrypt.ts";

const lines = createInterface({ input: process.stdin });
let password: string | undefined;
lines.once("line", (line) => {
  password = line;
  lines.close();
});
lines.once("close", async () => {
  if (password) {
    return console.log(await hashPassword(password));
  }
  console.error(
    "Cannot hash password: a line on standard input is required, received none",
  );
  process.exitCode = 1;
});

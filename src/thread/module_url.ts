import { describe } from "../describe.ts";
import { ACTION } from "../server/refuse.ts";

/** Requires the URL of a module. */
export function requireUrl(name: string, given: string | URL): string {
  const url = given instanceof URL || typeof given === "string"
    ? URL.parse(given)
    : null;
  if (url !== null) return url.href;
  throw new TypeError(
    `Cannot ${ACTION}: ${name} must be an absolute URL, received ` +
      `${describe(given)}; for a file beside yours pass ` +
      'new URL("./file.js", import.meta.url)',
  );
}

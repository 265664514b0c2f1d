import process from "node:process";

/**
 * Reads a variable of the environment; an empty one is none.
 *
 * @throws What Deno throws without the permission for it.
 */
export function readEnvironment(name: string): string | undefined {
  return process.env[name] || undefined;
}

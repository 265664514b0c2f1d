/** How the tools choose files and give up. */
import { glob } from "node:fs/promises";
import { join } from "node:path";

/** The project's folder, with a slash at its end. */
export const ROOT: string = join(import.meta.dirname!, "../");

/**
 * Finds the project's files of a pattern, sorted.
 *
 * @param pattern A glob below the project's folder.
 * @param parts Parts of paths, of which a file has at least one, if any are
 * given; as a shell completes them, too: `./tests/…`, or absolute.
 */
export async function findFiles(
  pattern: string,
  parts: readonly string[],
): Promise<string[]> {
  const relative = parts.map((part) =>
    part.replace(ROOT, "").replace(/^\.\//, "")
  );
  const files: string[] = [];
  for await (const file of glob(pattern, { cwd: ROOT })) {
    files.push(file.replaceAll("\\", "/"));
  }
  const isPartOfAny = (part: string) =>
    part !== "" && files.some((file) => file.includes(part));
  const unknown = relative.find((part) => !isPartOfAny(part));
  if (unknown !== undefined) {
    fail(`Cannot find a file of ${pattern} whose path has "${unknown}"`);
  }
  return files.sort().filter((file) =>
    parts.length === 0 || relative.some((part) => file.includes(part))
  );
}

/** Ends the tool for a wrong call of it. */
export function fail(message: string): never {
  console.error(message);
  Deno.exit(2);
}

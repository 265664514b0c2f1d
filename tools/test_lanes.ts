/** Which tests run where: told by what a test's file imports. */
import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { ROOT } from "./files.ts";

/**
 * How often a file of tests runs:
 *
 * - `clients`: with each client package on each runtime, since what it tests
 *   depends on how a client stores its metrics: it reaches `tests/_client.ts`;
 * - `runtimes`: once on each runtime: it reaches what the package is made of, or
 *   starts programs;
 * - `once`: on Deno alone: all that it tests are files and tools.
 */
export type Lane = "clients" | "runtimes" | "once";

/** Files that show what a test depends on, if it reaches them. */
const CLIENT = /^tests\/_client\.ts$/;
const RUNTIME = /^(src\/|mod\.ts$|tests\/_spawn\.ts$)/;

/** Tells the lane of a file of tests, by its path in the project. */
export async function laneOf(file: string): Promise<Lane> {
  const reached = await reach(file);
  if (reached.some((path) => CLIENT.test(path))) return "clients";
  return reached.some((path) => RUNTIME.test(path)) ? "runtimes" : "once";
}

/** The files that a module loads, and those of the programs that it starts. */
async function reach(entry: string): Promise<string[]> {
  const reached = new Set([entry]);
  for (const file of reached) {
    for (const next of await importsOf(file)) reached.add(next);
  }
  return [...reached];
}

/** Statements that load nothing: types are erased. */
const TYPES = /^(import|export) type [^;]*?from "[^"]*";/gm;

/** Specifiers of files, in imports of all kinds and in `new URL()`. */
const RELATIVE = /(?:\bfrom|\bimport|\bURL)\s*\(?\s*"(\.[^"]+)"/g;

/** Programs that run in a process of their own, and what is bundled. */
const PROGRAM = /"(tests\/(?:programs|fixtures)\/[^"]+)"/g;

const known = new Map<string, Promise<string[]>>();

function importsOf(file: string): Promise<string[]> {
  const imports = known.get(file) ?? readImports(file);
  known.set(file, imports);
  return imports;
}

async function readImports(file: string): Promise<string[]> {
  // A file that does not exist is an error of the test that imports it.
  const text = await readFile(join(ROOT, file), "utf8").catch(() => "");
  const source = text.replace(TYPES, "");
  const relative = [...source.matchAll(RELATIVE)]
    .map(([, specifier]) => posix.join(posix.dirname(file), specifier));
  const programs = [...source.matchAll(PROGRAM)].map(([, path]) => path);
  return [...relative, ...programs].filter((path) => path.endsWith(".ts"));
}

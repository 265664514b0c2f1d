/** Finds the three runtimes, fetching through npx what is not installed. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { RuntimeName } from "../src/runtime/detect.ts";

export type { RuntimeName };

/** A runtime that can be run. */
export interface RuntimeProgram {
  readonly name: RuntimeName;
  readonly version: string;
  /** The path of its program. */
  readonly path: string;
}

/** The oldest versions that are supported, and those that npx fetches. */
const VERSIONS: Readonly<
  Record<RuntimeName, { oldest: string; fetched: string }>
> = {
  deno: { oldest: "2.9.0", fetched: "2.9.6" },
  bun: { oldest: "1.4.0", fetched: "1.4.5" },
  node: { oldest: "22.18.0", fetched: "24" },
};

/** The names of the runtimes. */
export const RUNTIMES = Object.keys(VERSIONS) as RuntimeName[];

/**
 * Finds a runtime: what is installed if it is new enough, or what npx fetches.
 *
 * @param oldest Whether it must be the oldest version that is supported.
 */
export async function findRuntime(
  name: RuntimeName,
  { oldest = false }: { oldest?: boolean } = {},
): Promise<RuntimeProgram> {
  if (!RUNTIMES.includes(name)) {
    throw new RangeError(
      `Cannot find runtime: its name must be one of ${RUNTIMES.join(", ")}, ` +
        `received "${name}"`,
    );
  }
  const versions = VERSIONS[name];
  const installed = await installedVersion(name);
  if (!oldest && installed && isAtLeast(installed.version, versions.oldest)) {
    return { name, ...installed };
  }
  const wanted = oldest ? versions.oldest : versions.fetched;
  return { name, ...await throughNpx(name, wanted) };
}

const run = promisify(execFile);

type Program = Pick<RuntimeProgram, "version" | "path">;

async function installedVersion(
  name: RuntimeName,
): Promise<Program | undefined> {
  // This Deno, not the one that may be in the PATH.
  const path = name === "deno" ? Deno.execPath() : name;
  const version = await run(path, ["--version"]).catch(() => undefined);
  return version && { path, version: parseVersion(version.stdout) };
}

async function throughNpx(name: RuntimeName, wanted: string): Promise<Program> {
  const expression = name === "deno" ? "Deno.execPath()" : "process.execPath";
  // The path of the program itself: npx takes half a second at every start.
  const { stdout } = await run("npx", [
    "-y",
    `${name}@${wanted}`,
    ...(name === "deno" ? ["eval"] : ["-e"]),
    `console.log(${expression})`,
  ]);
  const path = stdout.trim();
  const version = await run(path, ["--version"]);
  return { path, version: parseVersion(version.stdout) };
}

function parseVersion(text: string): string {
  const match = /\d+\.\d+\.\d+/.exec(text);
  if (match === null) throw new Error(`Cannot find a version in "${text}"`);
  return match[0];
}

function isAtLeast(version: string, oldest: string): boolean {
  const [a, b] = [version, oldest].map((text) => text.split(".").map(Number));
  const at = a.findIndex((part, n) => part !== b[n]);
  return at === -1 || a[at] > b[at];
}

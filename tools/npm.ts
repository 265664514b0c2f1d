/** Runs npm. On all runtimes. */
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A command that takes longer than this hangs. */
const TIMEOUT_MS = 120_000;

/** Runs a command of npm in a folder, and yields what it prints. */
export async function npm(
  folder: string,
  ...args: string[]
): Promise<string> {
  const { stdout } = await run("npm", args, {
    cwd: folder,
    timeout: TIMEOUT_MS,
    // There it is a script, which only a shell finds.
    shell: process.platform === "win32",
  });
  return stdout;
}

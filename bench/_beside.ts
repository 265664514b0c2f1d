/** Programs of the benchmarks that need a process of their own. */
import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { runtimeName } from "../src/runtime/detect.ts";

const execute = promisify(execFile);

/** Runs a program in a new process of this runtime; yields what it prints. */
export async function runBeside(
  program: URL,
  ...given: string[]
): Promise<string> {
  const { stdout } = await execute(process.execPath, [
    ...runtimeName() === "deno" ? ["run", "-A"] : [],
    fileURLToPath(program),
    ...given,
  ]);
  return stdout;
}

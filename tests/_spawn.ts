/** Runs programs on the runtime that the tests run on. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { runtimeName } from "../src/runtime/detect.ts";

/** What a program printed. */
export interface Output {
  stdout: string;
  stderr: string;
}

/**
 * Runs a program of the project to its end.
 *
 * @param file Its path in the project.
 * @throws {Error} If it ends with a code other than 0, or takes half a minute.
 */
export async function runProgram(
  file: string,
  ...args: string[]
): Promise<Output> {
  const start = runtimeName() === "deno" ? ["run", "-A", file] : [file];
  return await promisify(execFile)(process.execPath, [...start, ...args], {
    cwd: join(import.meta.dirname!, ".."),
    timeout: 30_000,
  });
}

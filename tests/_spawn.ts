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
 * Runs a program of the project to its end, with the garbage collector at hand.
 *
 * @param file Its path in the project.
 * @throws {Error} If it ends with a code other than 0, or takes half a minute.
 */
export async function runProgram(
  file: string,
  ...args: string[]
): Promise<Output> {
  const start = {
    deno: ["run", "-A", "--v8-flags=--expose-gc", file],
    bun: [file],
    node: ["--expose-gc", file],
  }[runtimeName()];
  return await promisify(execFile)(process.execPath, [...start, ...args], {
    cwd: join(import.meta.dirname!, ".."),
    timeout: 30_000,
  });
}

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

/** A program that takes longer hangs: some take ten seconds, and load slows them. */
const TIMEOUT_MS = 120_000;

/**
 * Runs a program of the project to its end, with the garbage collector at hand.
 *
 * @param file Its path in the project.
 * @param args What it is given.
 * @param timeout How long it may take, in milliseconds.
 * @throws {Error} If it ends with a code other than 0, or takes longer.
 */
export async function runProgram(
  file: string,
  args: readonly string[] = [],
  timeout: number = TIMEOUT_MS,
): Promise<Output> {
  const start = {
    deno: ["run", "-A", "--v8-flags=--expose-gc", file],
    bun: [file],
    node: ["--expose-gc", file],
  }[runtimeName()];
  return await promisify(execFile)(process.execPath, [...start, ...args], {
    cwd: join(import.meta.dirname!, ".."),
    timeout,
  });
}

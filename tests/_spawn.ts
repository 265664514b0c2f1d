/** Runs programs on the runtime that the tests run on. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { runtimeName } from "../src/runtime/detect.ts";
import { DEADLINE_MS } from "./_suite.ts";

const ROOT = join(import.meta.dirname!, "..");

/** The output of a program. */
export interface Output {
  stdout: string;
  stderr: string;
}

/** A program that runs. */
export interface RunningProgram {
  /** Its output so far. */
  readonly stdout: string;
  /** Its errors so far, which are also shown. */
  readonly stderr: string;
  /** Waits until it ends by itself; yields the code that it ends with. */
  ended(): Promise<number | null>;
  /** Tells it to end, with a signal; yields the code that it ends with. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

/**
 * Starts a program of the project.
 *
 * @param env What its environment has besides that of the tests.
 */
export function startProgram(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningProgram {
  return startRuntime([...startOf(file), ...args], env);
}

/** Starts a program of the project that may open so many files. */
export function startWithFiles(
  files: number,
  file: string,
  args: readonly string[],
): RunningProgram {
  const command = `ulimit -n ${files}; exec "$RUNTIME" "$@"`;
  return startShell(command, [...startOf(file), ...args], {});
}

/**
 * Starts `$RUNTIME` in the shell's own place. Deno takes what it starts by its own
 * path for a Node, of whose commands Deno 2.9.0 does not know `serve`.
 */
const START = 'exec "$RUNTIME" "$@"';

/**
 * Starts the runtime in the project's folder.
 *
 * @param env What its environment has besides that of the tests.
 */
export function startRuntime(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningProgram {
  return startShell(START, args, env);
}

function startShell(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningProgram {
  const child = spawn("sh", ["-c", command, "sh", ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env, RUNTIME: process.execPath },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let stdout = "";
  let stderr = "";
  child.stdout!.on("data", (chunk) => stdout += chunk);
  child.stderr!.on("data", (chunk) => {
    stderr += chunk;
    process.stderr.write(chunk);
  });
  // A test run that ends early leaves no program behind.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  return {
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    async ended() {
      const [code] = await exited;
      return code;
    },
    async end(signal) {
      process.off("exit", kill);
      // By the child's own method Deno takes it to be killed, whatever it does.
      if (child.exitCode === null) process.kill(child.pid!, signal);
      const [code] = await exited;
      return code;
    },
  };
}

/**
 * Runs a program of the project to its end, with the garbage collector at hand.
 *
 * @param file Its path in the project.
 * @param args What it is given.
 * @throws {Error} If it ends with a code other than 0, or takes longer.
 */
export async function runProgram(
  file: string,
  args: readonly string[] = [],
): Promise<Output> {
  return await runRuntime([...startOf(file), ...args]);
}

/** Options for {@linkcode runRuntime}. */
export interface RunOptions {
  /** Additions to the environment of the tests. */
  env?: Readonly<Record<string, string>>;
}

/**
 * Runs the runtime in the project's folder, to its end.
 *
 * @throws {Error} If it ends with a code other than 0, or takes longer.
 */
export async function runRuntime(
  args: readonly string[],
  { env }: RunOptions = {},
): Promise<Output> {
  return await promisify(execFile)(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    timeout: DEADLINE_MS,
  });
}

/** How a program is started, with the garbage collector at hand. */
export function startOf(file: string): string[] {
  return {
    deno: ["run", "-A", "--v8-flags=--expose-gc", file],
    bun: [file],
    node: ["--expose-gc", file],
  }[runtimeName()];
}

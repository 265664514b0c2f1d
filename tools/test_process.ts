/** Runs the tests of a file in a process of their own, and reads what they tell. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { ROOT } from "./files.ts";
import type { RuntimeName, RuntimeProgram } from "./runtimes.ts";
import { parseReport, type TestReport, WHOLE_FILE } from "./test_report.ts";

const LOADER = "./tests/_load.ts";

/** How each runtime runs a file of tests; types are `task check`'s. */
const ARGUMENTS: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["test", "-A", "--no-check", LOADER],
  // The suite has its own deadline for a test; Bun's is five seconds.
  bun: ["test", "--timeout=1000000", LOADER],
  node: [LOADER],
};

/** How a runtime runs a file of tests, given by its absolute path. */
export function testsOf(
  { name, path }: RuntimeProgram,
  file: string,
): Pick<TestProcess, "command" | "env"> {
  return {
    command: [path, ...ARGUMENTS[name]],
    env: { TEST_FILE: pathToFileURL(file).href },
  };
}

/** A process with tests. */
export interface TestProcess {
  /** The program, and its arguments. */
  readonly command: readonly [path: string, ...args: string[]];
  readonly env: Readonly<Record<string, string>>;
  /** The names of the tests to run; `undefined` runs all. */
  readonly only?: readonly string[];
  /** Where its log and its report go: a path without an ending. */
  readonly output: string;
  /**
   * Reads what its tests have become from what it has printed.
   *
   * @default {undefined} Its tests write a report, by `tests/_suite.ts`.
   */
  readonly parseLog?: (log: string) => TestReport[];
  /**
   * For how many milliseconds no test may end before the process is taken to
   * hang. A process may take as long as it needs.
   *
   * @default {180_000}
   */
  readonly silence?: number;
}

/** How much of a log is shown where that is all there is to see. */
const LAST_LINES = 60;

/** What runners say of tests that pass, and of files. */
const PASSED = /\.\.\. ok \(|^\s*(✔|\(pass\))|^Check |^running /;

/**
 * Runs the tests of a process, and those that it did not come to, because one
 * ended it, in another process; yields what became of each.
 */
export async function runTests(test: TestProcess): Promise<TestReport[]> {
  const results = new Map<string, TestReport>();
  const fail = (name: string, reason: string) =>
    void results.set(name, { name, state: "failed", reason });
  for (let only = test.only;;) {
    const { reports, end, log } = await runOnce({ ...test, only });
    for (const report of reports) {
      // The file may load now, and have failed before.
      if (results.get(report.name)?.state === "failed") continue;
      results.set(report.name, report);
    }
    const namesOf = (state: TestReport["state"]) =>
      reports.filter((report) => report.state === state)
        .map(({ name }) => name);
    const running = namesOf("running");
    for (const name of running) {
      fail(name, `The process ended with ${end} in this test\n${log}`);
    }
    const left = namesOf("declared");
    const isLoaded = !running.includes(WHOLE_FILE);
    if (left.length > 0 && running.length > 0 && isLoaded) {
      only = left;
      continue;
    }
    for (const name of left) fail(name, "It did not run: see the file itself");
    const isNothingWanted = only !== undefined && reports.length === 1;
    const isExplained = running.length + namesOf("failed").length > 0;
    // An end between tests, or an error that no test has caught.
    if (left.length > 0 || end !== 0 && !isExplained && !isNothingWanted) {
      fail(WHOLE_FILE, `The process ended with ${end}\n${log}`);
    }
    if (results.get(WHOLE_FILE)?.state === "passed") results.delete(WHOLE_FILE);
    return [...results.values()];
  }
}

/** What is to be ended when the runner ends. */
const running = new Set<() => void>();
process.on("exit", () => running.forEach((kill) => kill()));

/** Runs a process to its end, or ends it when it hangs. */
async function runOnce(
  { command: [path, ...args], env, only, output, parseLog, silence = 180_000 }:
    TestProcess,
): Promise<{ reports: TestReport[]; end: unknown; log: string }> {
  const [logFile, reportFile] = [`${output}.log`, `${output}.jsonl`];
  await mkdir(dirname(output), { recursive: true });
  await writeFile(reportFile, "");
  const fd = openSync(logFile, "w");
  const child = spawn(path, args, {
    cwd: ROOT,
    env: {
      ...Deno.env.toObject(),
      NO_COLOR: "1",
      ...env,
      TEST_REPORT: reportFile,
      TEST_ONLY: JSON.stringify(only ?? null),
    },
    stdio: ["ignore", fd, fd],
    // A process group of its own, to be ended with all that its tests started.
    detached: true,
  });
  closeSync(fd);
  const kill = () => {
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch {
      // Nobody is left in its group, or the system has no groups.
      child.kill("SIGKILL");
    }
  };
  running.add(kill);
  const read = async () => {
    const log = await readFile(logFile, "utf8");
    const reports = parseLog?.(log) ??
      parseReport(await readFile(reportFile, "utf8"));
    return { log, reports };
  };
  let hung: string | undefined;
  const watch = watchGrowth(parseLog ? logFile : reportFile, (still) => {
    if (still < silence) return;
    hung = `SIGKILL, since nothing had happened for ${silence / 1000} s`;
    kill();
  });
  const end = await new Promise((resolve) => {
    child.once("error", resolve);
    child.once("exit", (code, signal) => resolve(hung ?? code ?? signal));
  });
  clearInterval(watch);
  kill();
  running.delete(kill);
  const { reports, log } = await read();
  return { reports, end, log: lastLines(log) };
}

/** Tells every second for how many milliseconds a file has not grown. */
function watchGrowth(
  file: string,
  tell: (still: number) => void,
): ReturnType<typeof setInterval> {
  let [size, since] = [0, performance.now()];
  return setInterval(async () => {
    const now = (await stat(file)).size;
    if (now !== size) [size, since] = [now, performance.now()];
    tell(performance.now() - since);
  }, 1000);
}

const lastLines = (log: string) =>
  log.split("\n").filter((line) => !PASSED.test(line)).slice(-LAST_LINES)
    .join("\n");

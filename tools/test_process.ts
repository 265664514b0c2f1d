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
  /**
   * The folder of the project that it tests.
   *
   * @default {undefined} That of this one.
   */
  readonly folder?: string;
  /** The names of the tests to run; `undefined` runs all. */
  readonly only?: readonly string[];
  /** Where its log and its report go: a path without an ending. */
  readonly output: string;
  /**
   * Reads its log, if its tests do not report by `tests/_suite.ts`.
   *
   * @default {undefined} They do.
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

/** How many lines of a log are shown. */
const LAST_LINES = 60;

/** Lines of a log about tests that pass, and about files. */
const PASSED = /\.\.\. ok \(|^\s*(✔|\(pass\))|^Check |^running /;

/**
 * Runs the tests of a process, and yields their reports. When a test ends the
 * process, those that have not run yet do so in another one.
 */
export async function runTests(test: TestProcess): Promise<TestReport[]> {
  const results = new Map<string, TestReport>();
  const fail = (name: string, reason: string) =>
    void results.set(name, { name, state: "failed", reason });
  for (let only = test.only;;) {
    const { reports, end, log } = await runOnce({ ...test, only });
    for (const report of reports) {
      // The file loads once more, which does not make up for a failure before.
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
    const isExplained = running.length + namesOf("failed").length > 0;
    const isNothingWanted = only !== undefined && reports.length === 1;
    // An end between tests, or an error that no test has caught.
    const isUnknown = (end !== 0 || left.length > 0) && !isNothingWanted &&
      !isExplained;
    const whole = results.get(WHOLE_FILE);
    if (whole?.state === "passed") results.delete(WHOLE_FILE);
    if (isUnknown && whole?.state !== "failed") {
      fail(WHOLE_FILE, `The process ended with ${end}\n${log}`);
    }
    // Each process comes further than the one before.
    if (isLoaded && left.length > 0 && left.length < reports.length - 1) {
      only = left;
      continue;
    }
    for (const name of left) fail(name, "It did not run: see the file itself");
    if (results.size === 0 && only === undefined) {
      fail(WHOLE_FILE, "It declares no test");
    }
    return [...results.values()];
  }
}

/** Ends the processes that run, each with all that it has started. */
const kills = new Set<() => void>();
process.on("exit", () => kills.forEach((kill) => kill()));

/** Runs a process to its end, or ends it when it hangs. */
async function runOnce(
  {
    command: [path, ...args],
    env,
    folder = ROOT,
    only,
    output,
    parseLog,
    silence = 180_000,
  }: TestProcess,
): Promise<{ reports: TestReport[]; end: unknown; log: string }> {
  const [logFile, reportFile] = [`${output}.log`, `${output}.jsonl`];
  await mkdir(dirname(output), { recursive: true });
  await writeFile(reportFile, "");
  const fd = openSync(logFile, "w");
  const child = spawn(path, args, {
    cwd: folder,
    env: {
      ...Deno.env.toObject(),
      NO_COLOR: "1",
      // At each start Deno replaces the links to the packages of package.json, and
      // other processes fail that are loading them at that moment.
      DENO_NO_PACKAGE_JSON: "1",
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
  kills.add(kill);
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
  kills.delete(kill);
  const log = await readFile(logFile, "utf8");
  const reports = parseLog?.(log) ??
    parseReport(await readFile(reportFile, "utf8"));
  return { reports, end, log: lastLines(log) };
}

/** Tells every second for how many milliseconds a file has not grown. */
function watchGrowth(
  file: string,
  tell: (still: number) => void,
): ReturnType<typeof setInterval> {
  let [size, since] = [0, performance.now()];
  return setInterval(async () => {
    const now = await stat(file).then((found) => found.size, () => size);
    if (now !== size) [size, since] = [now, performance.now()];
    tell(performance.now() - since);
  }, 1000);
}

const lastLines = (log: string) =>
  log.split("\n").filter((line) => !PASSED.test(line)).slice(-LAST_LINES)
    .join("\n");

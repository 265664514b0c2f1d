/**
 * Runs the tests on Deno, Bun and Node, each file of tests in a process of its
 * own, as often as it needs (see `test_lanes.ts`), and the examples of the
 * documentation on Deno.
 *
 *     deno task test [--slow] [--runtime NAME] [--client NAME] [--oldest]
 *                    [--clients newest] [--only TEST] [PATH]…
 *
 * Each PATH is a part of a file's path. Without one, the files below tests/slow/
 * are left out; with `--slow`, all others are. `--oldest` takes the oldest
 * versions of the runtimes that are supported instead of those at hand.
 * `--clients newest` runs the tests that depend on a client, with the newest
 * published versions of both instead of those that the project pins. `--only`
 * runs the test of that name.
 */
import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { inspect, parseArgs } from "node:util";
import { fail, findFiles, ROOT } from "./files.ts";
import { copyWithNewest } from "./newest_clients.ts";
import { isRunning } from "./processes.ts";
import {
  findRuntime,
  type RuntimeName,
  type RuntimeProgram,
  RUNTIMES,
} from "./runtimes.ts";
import { fetchServers } from "./servers/fetch.ts";
import { laneOf } from "./test_lanes.ts";
import { runTests, type TestProcess, testsOf } from "./test_process.ts";
import {
  compareNames,
  parseExamples,
  type TestReport,
  WHOLE_FILE,
} from "./test_report.ts";

/** A folder for each run: another one may be under way. */
const REPORTS = join(ROOT, ".reports", `${process.pid}`);
const CLIENTS = ["prom-client", "@prometheus-io/client"];

/** Known as well: slow runs have it in the tests of storage. */
const FORK = "@platformatic/prom-client";

/**
 * The tests that the fork runs. In others it differs by itself: it lets nobody
 * replace a collector, and takes buckets for sorted.
 */
const OF_FORK = new RegExp(
  "^tests/(" + [
    "exposition/(failures|handler|scrapes|sharing|timeout)_",
    "live/(direct|exemplars|hand_over|interleaving|label_sets)_",
    "live/(observations|out_of_memory|pushgateway|threads)_",
    "thread/(blocked|registries)_",
  ].join("|") + ")",
);

/** More processes than processors, since most tests wait for something. */
const PROCESSES = 2 * availableParallelism();

/** The files with the longest tests: they are begun first, to end in time. */
const LONGEST = [
  "tests/slow/tools/",
  "tests/slow/published/",
  "tests/types_test.ts",
  "tests/e2e/",
  "tests/thread/",
  "tests/discovery/",
];

/** A file of tests on a runtime, or the examples of the documentation. */
interface Job {
  /** The file, or a name for the examples. */
  readonly file: string;
  /** The runtime, and the client package if it matters. */
  readonly where: string;
  /** The arguments of `deno task test` for this job alone. */
  readonly arguments: readonly string[];
  readonly process: TestProcess;
}

const { values: options, positionals } = readArguments();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // By an exit, which ends the processes of the run.
  process.on(signal, () => process.exit(130));
}
await removeOldReports();
/** For files that tests share: outside the project, all of which is checked. */
const shared = await mkdtemp(join(tmpdir(), "prometheus-async-tests-"));
process.once("exit", () => rmSync(shared, { recursive: true, force: true }));
await fetchServers().catch((error) => {
  // Elsewhere the tests that need them are skipped, with that as the reason.
  if (Deno.env.get("CI") && Deno.build.os === "linux") throw error;
  console.warn(`Going on without real servers: ${error.message}`);
});

/** The project that is tested: this one, or a copy with other clients. */
const root = options.clients === "newest" ? await copyProject() : ROOT;

const problems: string[] = [];
const counts = { passed: 0, failed: 0, skipped: 0 };
/** Where tests were skipped, by their names and the reasons. */
const skips = new Map<string, string[]>();
/** The names of the tests that each job of a file had. */
const names = new Map<string, Map<string, string[]>>();

const started = performance.now();
const queue = await findJobs();
await Promise.all(Array.from({ length: PROCESSES }, async () => {
  for (let job = queue.shift(); job; job = queue.shift()) {
    const began = performance.now();
    const reports = await runTests(job.process).catch((error) => [{
      name: WHOLE_FILE,
      state: "failed" as const,
      reason: `Cannot run it: ${inspect(error)}`,
    }]);
    tell(job, reports, performance.now() - began);
  }
}));
for (const [file, jobs] of names) {
  problems.push(...compareNames(jobs).map((problem) => `${file} ${problem}`));
}

for (const [skip, where] of skips) {
  console.log(`SKIPPED ${skip} (${where.join(", ")})`);
}
for (const problem of problems) console.log(`FAILED ${problem}`);
const failed = counts.failed + problems.length;
if (failed > 0 || counts.passed === 0) Deno.exitCode = 1;
const isNothing = failed + counts.passed + counts.skipped === 0;
if (isNothing && options.only !== undefined) {
  console.log(`There is no test named ${options.only}`);
}
console.log(`Everything took ${seconds(performance.now() - started)}`);
console.log(
  `${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`,
);

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      args: Deno.args,
      allowPositionals: true,
      options: {
        slow: { type: "boolean", default: false },
        runtime: { type: "string", multiple: true, default: RUNTIMES },
        client: { type: "string", multiple: true, default: CLIENTS },
        oldest: { type: "boolean", default: false },
        clients: { type: "string", default: "pinned" },
        only: { type: "string" },
      },
    });
    requireOneOf("runtime", RUNTIMES, values.runtime);
    requireOneOf("client", [...CLIENTS, FORK], values.client);
    requireOneOf("clients", ["pinned", "newest"], [values.clients]);
    return { values, positionals };
  } catch (error) {
    fail(`Cannot run tests: ${(error as Error).message}`);
  }
}

function requireOneOf(
  option: string,
  allowed: readonly string[],
  given: readonly string[],
): void {
  const other = given.find((value) => !allowed.includes(value));
  if (other === undefined) return;
  throw new RangeError(
    `--${option} must be one of ${allowed.join(", ")}, received "${other}"`,
  );
}

/** Makes a copy of the project with the newest clients, for this run alone. */
async function copyProject(): Promise<string> {
  const { folder, clients } = await copyWithNewest(options.client);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  console.log(`With ${clients.join(" and ")}`);
  return folder;
}

/** Removes the reports of runs that have ended. */
async function removeOldReports(): Promise<void> {
  const folder = dirname(REPORTS);
  const runs = await readdir(folder).catch(() => []);
  for (const run of runs.filter((run) => !isRunning(Number(run)))) {
    await rm(join(folder, run), { recursive: true, force: true });
  }
}

/** Finds the jobs, the longest first. */
async function findJobs(): Promise<Job[]> {
  const runtimes: RuntimeProgram[] = [];
  for (const name of new Set(options.runtime as RuntimeName[])) {
    try {
      runtimes.push(await findRuntime(name, options));
    } catch (error) {
      problems.push(`${name}: it does not start: ${error}`);
    }
  }
  const jobs: Job[] = [];
  const leftOut: string[] = [];
  const deno = runtimes.find(({ name }) => name === "deno");
  for (const file of await findTests()) {
    const lane = await laneOf(file);
    if (options.clients === "newest" && lane !== "clients") continue;
    if (lane === "once" && deno === undefined) leftOut.push(file);
    const clients = lane === "clients" ? new Set(options.client) : [undefined];
    for (const runtime of runtimes) {
      if (lane === "once" && runtime.name !== "deno") continue;
      for (const client of clients) jobs.push(testJob(file, runtime, client));
    }
  }
  if (options.slow && positionals.length === 0) {
    for (const file of await findFiles("tests/**/*_test.ts", [])) {
      if (!OF_FORK.test(file)) continue;
      for (const runtime of runtimes) jobs.push(testJob(file, runtime, FORK));
    }
  }
  if (leftOut.length > 0) {
    console.log(
      `LEFT OUT, since they run on Deno alone: ${leftOut.join(", ")}`,
    );
  }
  const isPart = positionals.length > 0 || options.only !== undefined ||
    options.clients === "newest";
  if (deno && !isPart && !options.slow) {
    // Its examples have unix sockets, and shells' ways to name files.
    if (Deno.build.os === "windows") skip("examples", "Windows", deno.name);
    else jobs.unshift(await examplesJob(deno));
  }
  return jobs;
}

/** Finds the files of tests, the longest first. */
async function findTests(): Promise<string[]> {
  const files = (await findFiles("tests/**/*_test.ts", positionals))
    .filter((file) => {
      const isSlow = file.startsWith("tests/slow/");
      return options.slow ? isSlow : !isSlow || positionals.length > 0;
    });
  const rank = (file: string) => {
    const at = LONGEST.findIndex((part) => file.startsWith(part));
    return at === -1 ? LONGEST.length : at;
  };
  return files.toSorted((a, b) => rank(a) - rank(b));
}

/** A file of tests on a runtime, with a client if that matters. */
function testJob(file: string, runtime: RuntimeProgram, client?: string): Job {
  const { name, version } = runtime;
  const { command, env } = testsOf(runtime, join(root, file));
  return {
    file,
    where: [`${name} ${version}`, client ?? []].flat().join(", "),
    arguments: [
      file,
      `--runtime ${name}`,
      client === undefined ? [] : `--client ${client}`,
      options.oldest ? "--oldest" : [],
      options.clients === "newest" ? "--clients newest" : [],
    ].flat(),
    process: {
      command,
      folder: root,
      // `tests/_client.ts` refuses any other where the client must not matter.
      env: {
        ...env,
        PROMETHEUS_CLIENT: client ?? "none",
        TEST_SHARED: shared,
      },
      only: options.only === undefined ? undefined : [options.only],
      output: join(REPORTS, [name, client ?? []].flat().join("-"), file),
    },
  };
}

/** The examples in the source, the README and the pages. */
async function examplesJob({ name, version, path }: RuntimeProgram): Promise<
  Job
> {
  const pages = (await findFiles("docs/*.md", []))
    // The programs there are started by a test of their own.
    .filter((page) => page !== "docs/use-cases.md");
  const files = ["README.md", ...pages, "mod.ts", "src"];
  return {
    file: "the examples of the documentation",
    where: `${name} ${version}`,
    arguments: [],
    process: {
      command: [path, "test", "-A", "--doc", ...files],
      env: {},
      output: join(REPORTS, "examples"),
      parseLog: parseExamples,
    },
  };
}

/** Counts what became of a job's tests, and prints what there is to say. */
function tell(job: Job, reports: readonly TestReport[], ms: number): void {
  const { file, where } = job;
  const failures = reports.filter(({ state }) => state === "failed");
  const outcome = failures.length === 0 ? "ok" : `${failures.length} failed`;
  console.log(
    `${file} on ${where}: ${reports.length} tests, ${outcome} (${seconds(ms)})`,
  );
  for (const { name, reason } of failures) {
    console.log(`FAILED ${file} on ${where}: ${name}\n${reason}`);
    console.log(`To run it alone: ${commandFor(job, name)}\n`);
  }
  for (const { name, state, reason = "no reason given" } of reports) {
    if (state === "skipped") skip(name, reason, where);
    else if (state === "failed") counts.failed++;
    else counts.passed++;
  }
  // The names are not known if the file did not come to its end.
  if (reports.some(({ name }) => name === WHOLE_FILE)) return;
  const jobs = names.get(file) ?? new Map();
  names.set(file, jobs.set(where, reports.map(({ name }) => name)));
}

function skip(name: string, reason: string, where: string): void {
  const skipped = `${name}: ${reason}`;
  skips.set(skipped, [...skips.get(skipped) ?? [], where]);
  counts.skipped++;
}

/** How a test is run alone, as a line to copy. */
function commandFor(job: Job, name: string): string {
  if (job.arguments.length === 0) {
    const files = name === WHOLE_FILE
      ? job.process.command.slice(4)
      : [relative(ROOT, fileURLToPath(name.replace(/#.*/, "")))];
    return `deno test -A --doc ${files.join(" ")}`;
  }
  const only = name === WHOLE_FILE
    ? []
    : `--only='${name.replaceAll("'", `'\\''`)}'`;
  return ["deno task test", ...job.arguments, only].flat().join(" ");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/**
 * Runs the whole suite on Deno, Bun and Node, with each client package, and the
 * examples of the documentation on Deno.
 *
 *     deno task test [--runtime NAME] [--client NAME] [--oldest] [PATH]…
 *
 * Each PATH is a part of a test file's path. `--oldest` takes the oldest
 * versions of the runtimes that are supported instead of those at hand.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { fail, findFiles, ROOT } from "./files.ts";
import { compareRuns, parseReport, type TestResult } from "./report.ts";
import {
  findRuntime,
  type RuntimeName,
  type RuntimeProgram,
  RUNTIMES,
} from "./runtimes.ts";
import { fetchServers } from "./servers/fetch.ts";

const REPORTS = join(ROOT, ".reports");
const CLIENTS = ["prom-client", "@prometheus-io/client"];

/** A run that takes longer than this hangs. */
const RUN_DEADLINE_MS = 15 * 60_000;

/** What runners say of tests that tell nothing, and of files. */
const PASSED = /\.\.\. ok \(|^\s*(✔|\(pass\))|^Check |^running /;

/** How much of a log is shown of a run that has failed by itself. */
const LAST_LINES = 60;

/** One call of a runner. */
interface Run {
  readonly name: string;
  readonly path: string;
  readonly args: (report: string) => string[];
  readonly env: Record<string, string>;
}

const { values: options, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    runtime: { type: "string", multiple: true, default: RUNTIMES },
    client: { type: "string", multiple: true, default: CLIENTS },
    oldest: { type: "boolean", default: false },
  },
});

for (const client of options.client) {
  if (CLIENTS.includes(client)) continue;
  fail(
    `Cannot run tests: --client must be one of ${CLIENTS.join(", ")}, ` +
      `received "${client}"`,
  );
}

process.once("SIGINT", () => process.exit(130));
await rm(REPORTS, { recursive: true, force: true });
await mkdir(REPORTS);
await fetchServers().catch((error) => {
  // Elsewhere the tests that need them are skipped, with that as the reason.
  if (Deno.env.get("CI") && Deno.build.os === "linux") throw error;
  console.warn(`Going on without real servers: ${error.message}`);
});

// Named one by one: without files a runner would look for some itself.
const files = (await findFiles("tests/**/*_test.ts", positionals))
  .map((file) => `./${file}`);
const runs: Run[] = [];
for (const name of new Set(options.runtime as RuntimeName[])) {
  const runtime = await findRuntime(name, options);
  for (const client of new Set(options.client)) {
    runs.push(suiteRun(runtime, client));
  }
}
const suites = await inPairs(runs);
// Its examples have unix sockets, and shells' ways to name files.
const isDocumentationRun = positionals.length === 0 &&
  Deno.build.os !== "windows";
const documentation = isDocumentationRun
  ? await execute(await documentationRun())
  : [];

if (positionals.length === 0 && !isDocumentationRun) {
  console.log("SKIPPED examples in the documentation: Windows");
}

const problems = compareRuns(suites);
for (const problem of problems) console.log(`FAILED ${problem}`);
const results = [...suites.values(), documentation].flat();
const count = (status: TestResult["status"]) =>
  results.filter((result) => result.status === status).length;
const failed = count("failed") + problems.length;
if (failed > 0 || results.length === 0) Deno.exitCode = 1;
console.log(
  `${count("passed")} passed, ${failed} failed, ${count("skipped")} skipped`,
);

function suiteRun(runtime: RuntimeProgram, client: string): Run {
  const args: Record<RuntimeName, Run["args"]> = {
    deno: (report) => ["test", "-A", "--parallel", `--junit-path=${report}`],
    bun: (report) => [
      "test",
      // The suite has its own deadline for a test; Bun's is five seconds.
      `--timeout=${RUN_DEADLINE_MS}`,
      "--reporter=junit",
      `--reporter-outfile=${report}`,
    ],
    node: (report) => [
      "--test",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      "--test-reporter=junit",
      `--test-reporter-destination=${report}`,
    ],
  };
  return {
    name: `${runtime.name} ${runtime.version}, ${client}`,
    path: runtime.path,
    args: (report) => [...args[runtime.name](report), ...files],
    env: { PROMETHEUS_CLIENT: client },
  };
}

/** The examples in the source, the README and the pages. */
async function documentationRun(): Promise<Run> {
  const pages = (await findFiles("docs/*.md", []))
    // The programs there are started by a test of their own.
    .filter((page) => page !== "docs/use-cases.md");
  const files = ["README.md", ...pages, "mod.ts", "src"];
  return {
    name: "examples in the documentation",
    path: Deno.execPath(),
    args: (report) => [
      "test",
      "-A",
      "--doc",
      `--junit-path=${report}`,
      ...files,
    ],
    env: {},
  };
}

/** Executes runs two at a time: much of a suite's time is spent waiting. */
async function inPairs(
  runs: readonly Run[],
): Promise<Map<string, TestResult[]>> {
  const results = new Map<string, TestResult[]>(
    runs.map(({ name }) => [name, []]),
  );
  const queue = [...runs];
  const work = async () => {
    for (let run = queue.shift(); run; run = queue.shift()) {
      results.set(run.name, await execute(run));
    }
  };
  await Promise.all([work(), work()]);
  return results;
}

/** Executes a run, tells what became of it, and yields its results. */
async function execute(run: Run): Promise<TestResult[]> {
  const base = join(REPORTS, run.name.replaceAll(/[^\w.]+/g, "-"));
  const started = performance.now();
  const log = openSync(`${base}.log`, "w");
  const child = spawn(run.path, run.args(`${base}.xml`), {
    cwd: ROOT,
    env: { ...Deno.env.toObject(), NO_COLOR: "1", ...run.env },
    stdio: ["ignore", log, log],
    // A process group of its own, to be ended with all that its tests started.
    detached: true,
  });
  closeSync(log);
  const end = await ended(child);
  // A run that was killed leaves no report, or a part of one.
  const results = await readFile(`${base}.xml`, "utf8")
    .then(parseReport).catch((): TestResult[] => []);
  const failures = results.filter(({ status }) => status === "failed");
  if (end !== 0 && failures.length === 0 || results.length === 0) {
    // What is in no report: an error while loading, a crash, the deadline.
    const failure: TestResult = {
      name: `the run itself, which ended with ${end}`,
      status: "failed",
      reason: (await readFile(`${base}.log`, "utf8")).split("\n")
        .filter((line) => !PASSED.test(line)).slice(-LAST_LINES).join("\n"),
    };
    results.push(failure);
    failures.push(failure);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const outcome = failures.length > 0
    ? `failed, see ${relative(ROOT, base)}.log`
    : "ok";
  console.log(
    `${run.name}: ${results.length} tests, ${outcome} (${seconds} s)`,
  );
  for (const { name, reason } of failures) {
    console.log(`FAILED ${run.name}: ${name}\n${reason}\n`);
  }
  for (const { name, reason, status } of results) {
    if (status === "skipped") {
      console.log(`SKIPPED ${run.name}: ${name}: ${reason}`);
    }
  }
  return results;
}

/** Waits for a run to end, or ends it, and tells how it ended. */
async function ended(child: ChildProcess): Promise<unknown> {
  const kill = () => process.kill(-child.pid!, "SIGKILL");
  const deadline = setTimeout(kill, RUN_DEADLINE_MS);
  // Ctrl+C reaches this process group, not that of the run.
  process.on("exit", kill);
  try {
    return await new Promise((resolve) => {
      child.once("error", resolve);
      child.once("close", (code, signal) => resolve(code ?? signal));
    });
  } finally {
    clearTimeout(deadline);
    process.off("exit", kill);
  }
}

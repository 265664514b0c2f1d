/**
 * Runs the benchmarks on Deno, Bun and Node, each comparison in a process of
 * its own.
 *
 *     deno task bench [--runtime NAME] [--check] [--known] [--tolerance 1]
 *                     [--short] [--json] [--write] [PATH]…
 *
 * Each PATH is a part of a benchmark file's path. `--check` fails when a case is
 * above its goal in bench/goals.json times the tolerance; with `--known` what is
 * known to miss it may do so by as much. `--short` takes few turns, measures again
 * in full what has missed, and only checks the cases without a goal. `--json`
 * prints one object with everything that was timed; `--write` keeps it in
 * bench/results.json, and makes the tables and the chart of that.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { arch, cpus, type } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { format, type Result } from "./bench_result.ts";
import { missOf, readGoals, type Strictness } from "./bench_goals.ts";
import {
  type BenchRecord,
  mergeRecord,
  readRecord,
  type RecordedResult,
  whyApart,
  writeRecord,
} from "./bench_record.ts";
import { writeReport } from "./bench_report.ts";
import { fail, findFiles, ROOT } from "./files.ts";
import {
  findRuntime,
  type RuntimeName,
  type RuntimeProgram,
  RUNTIMES,
} from "./runtimes.ts";

/** A comparison that takes longer than this hangs. */
const DEADLINE_MS = 10 * 60_000;

/** How often a short run measures again, in full, what has missed its goal. */
const REPEATS = 2;

/** The packages whose versions matter for what is compared. */
const COMPARED =
  /^(prom-client|@prometheus-io\/client|@opentelemetry\/.*|@hono\/.*|hono)$/;

/** The entry of the list of packages where wrk is missing. */
const NO_WRK = "wrk not found";

const run = promisify(execFile);

const { values: options, positionals } = readArguments();
const runtimes = [...new Set(options.runtime as RuntimeName[])];
const unknown = runtimes.find((name) => !RUNTIMES.includes(name));
if (unknown !== undefined) {
  fail(
    `Cannot run benchmarks: --runtime must be one of ${RUNTIMES.join(", ")}, ` +
      `received "${unknown}"`,
  );
}
const files = await findFiles("bench/**/[!_]*.ts", positionals);
const strictness: Strictness = {
  tolerance: Number(options.tolerance),
  acceptsKnown: options.known,
  isShort: options.short,
};
if (!(strictness.tolerance >= 1)) {
  fail(
    "Cannot run benchmarks: --tolerance must be a number of at least 1, " +
      `received "${options.tolerance}"`,
  );
}
if (options.short && options.write) {
  fail("Cannot keep the results of a short run: leave out --short or --write");
}
const goals = await readGoals();
const programs = await Promise.all(runtimes.map((name) => findRuntime(name)));
const say = options.json ? console.error : console.log;
const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, ` +
  `${type()} ${arch()}`;
const packages = await comparedPackages();
say([machine, ...packages].join("\n"));

const date = new Date().toISOString().slice(0, 10);
const misses: string[] = [];
const measured: BenchRecord = { machine, packages, runtimes: {} };
/** Whether everything is measured, so that nothing of the record is kept. */
const isWhole = positionals.length === 0 && runtimes.length === RUNTIMES.length;
await requireWrk();
if (options.write && !isWhole) await requireSameRecord();
const comparisons = await listComparisons();
if (positionals.length === 0) findUnmeasured();
if (options.short) await checkUntimed();
for (const program of programs) {
  const { name, version } = program;
  say(`\n${name} ${version}\n`);
  const results: RecordedResult[] = [];
  for (const { file, names } of comparisons) {
    for (const only of names.filter(isTimed)) {
      const result = await measure(program, file, only);
      results.push({ file, date, ...result });
    }
  }
  Object.assign(measured.runtimes, { [name]: { version, results } });
}
if (options.write) {
  await writeRecord(
    mergeRecord(isWhole ? undefined : await readRecord(), measured),
  );
  await writeReport();
}
if (options.json) console.log(JSON.stringify(measured));
if (options.check) {
  for (const miss of misses) say(`MISSED ${miss}`);
  say(misses.length === 0 ? "All goals are met" : `${misses.length} missed`);
  if (misses.length > 0) Deno.exitCode = 1;
}

/** Lists the names of each file's comparisons, which all runtimes have. */
function listComparisons(): Promise<{ file: string; names: string[] }[]> {
  return Promise.all(files.map(async (file) => {
    const names = JSON.parse(await bench(programs[0], file, ["--list"]));
    return { file, names };
  }));
}

/** Whether a comparison is timed: in a short run it must have a goal. */
function isTimed(comparison: string): boolean {
  return !options.short || comparison in goals;
}

/**
 * Checks the comparisons that are not timed. Nothing is measured meanwhile, so
 * those of a file share a process, and every core has one.
 */
async function checkUntimed(): Promise<void> {
  const jobs = programs.flatMap((program) =>
    comparisons.map(({ file, names }) => ({
      program,
      file,
      untimed: names.filter((name) => !isTimed(name)),
    }))
  ).filter(({ untimed }) => untimed.length > 0).values();
  const work = async () => {
    for (const { program, file, untimed } of jobs) {
      const only = untimed.flatMap((name) => ["--only", name]);
      await bench(program, file, ["--short", ...only]);
      say(`${program.name}, ${file}: ${untimed.length} without goals checked`);
    }
  };
  await Promise.all(cpus().map(work));
}

/** Runs a comparison, again if it must; notes what it has missed. */
async function measure(
  program: RuntimeProgram,
  file: string,
  only: string,
): Promise<Result> {
  const args = ["--json", "--only", only];
  const turns = options.short ? ["--short"] : [];
  let result: Result = JSON.parse(
    await bench(program, file, [...args, ...turns]),
  );
  say(format(result));
  let missed = missesOf(program.name, result);
  for (let n = 0; options.short && missed.length > 0 && n < REPEATS; n++) {
    say(`  once more, since it missed: ${missed.join("; ")}`);
    result = JSON.parse(await bench(program, file, args));
    say(format(result));
    missed = missesOf(program.name, result);
  }
  misses.push(...missed.map((miss) => `${program.name}, ${only}, ${miss}`));
  return result;
}

/** Runs a benchmark file; yields what it prints. */
async function bench(
  program: RuntimeProgram,
  file: string,
  args: readonly string[],
): Promise<string> {
  const start = program.name === "deno" ? ["run", "-A"] : [];
  const command = [...start, file, ...args];
  try {
    const how = {
      cwd: ROOT,
      timeout: DEADLINE_MS,
      killSignal: "SIGKILL" as const,
    };
    return (await run(program.path, command, how)).stdout;
  } catch (error) {
    // A runtime may hang while it exits.
    const { killed, stdout } = error as { killed?: boolean; stdout?: string };
    if (!killed || !stdout?.endsWith("\n")) throw error;
    say(`  it had to be ended after ${DEADLINE_MS / 60_000} minutes`);
    return stdout;
  }
}

/** The misses of a comparison: each case with its figure and its goal. */
function missesOf(runtime: RuntimeName, result: Result): string[] {
  if (!options.check) return [];
  return Object.entries(goals[result.name] ?? {}).flatMap(([name, goal]) => {
    const miss = missOf(runtime, result, name, goal, strictness);
    return miss === undefined ? [] : [`${name}: ${miss}`];
  });
}

/** Notes the goals of comparisons that no file has. */
function findUnmeasured(): void {
  const names = new Set(comparisons.flatMap(({ names }) => names));
  for (const comparison of Object.keys(goals)) {
    if (!names.has(comparison)) misses.push(`${comparison}: not measured`);
  }
}

function readArguments() {
  try {
    return parseArgs({
      args: Deno.args,
      allowPositionals: true,
      options: {
        runtime: { type: "string", multiple: true, default: RUNTIMES },
        check: { type: "boolean", default: false },
        known: { type: "boolean", default: false },
        tolerance: { type: "string", default: "1" },
        short: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        write: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    fail(`Cannot run benchmarks: ${(error as Error).message}`);
  }
}

/** Fails before anything is measured if what loads servers is not there. */
async function requireWrk(): Promise<void> {
  if (!packages.includes(NO_WRK)) return;
  for (const file of files) {
    const source = await readFile(join(ROOT, file), "utf8");
    if (!source.includes("./_wrk.ts")) continue;
    fail(
      `Cannot run ${file}: wrk must be in the PATH, ` +
        "see https://github.com/wg/wrk",
    );
  }
}

/** Fails before anything is measured if it could not stand beside the record. */
async function requireSameRecord(): Promise<void> {
  const old = await readRecord();
  const versions = programs.map(({ name, version }) => [name, { version }]);
  const why = old === undefined ? "there is none" : whyApart(old, {
    ...measured,
    runtimes: Object.fromEntries(versions),
  });
  if (why === undefined) return;
  fail(
    `Cannot keep a part of the results beside bench/results.json: ${why}; run ` +
      "all benchmarks on all runtimes",
  );
}

/** The compared packages, as "prom-client 15.1.3", and the loader of servers. */
async function comparedPackages(): Promise<string[]> {
  const manifest = await readFile(join(ROOT, "deno.json"), "utf8");
  const { imports } = JSON.parse(manifest) as {
    imports: Record<string, string>;
  };
  const packages = Object.entries(imports)
    .filter(([name]) => COMPARED.test(name))
    .map(([name, target]) =>
      `${name} ${target.slice(target.lastIndexOf("@") + 1)}`
    );
  // It has no option for its version, and ends with an error after it.
  const wrk = await run("wrk", ["--version"]).catch((error) => error);
  const [, version] = /([\d.]+\d)/.exec(wrk.stdout ?? "") ?? [];
  return [...packages, version === undefined ? NO_WRK : `wrk ${version}`];
}

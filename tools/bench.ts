/**
 * Runs the benchmarks on Deno, Bun and Node, each comparison in a process of
 * its own.
 *
 *     deno task bench [--runtime NAME] [--check] [--tolerance 1] [--short]
 *                     [--json] [PATH]…
 *
 * Each PATH is a part of a benchmark file's path. `--check` fails when a ratio
 * is above its goal in bench/goals.json times the tolerance; `--short` takes
 * fewer turns; `--json` prints one object with everything.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { format, type Result } from "../bench/_harness.ts";
import { fail, findFiles, ROOT } from "./files.ts";
import {
  findRuntime,
  type RuntimeName,
  type RuntimeProgram,
  RUNTIMES,
} from "./runtimes.ts";

/** A comparison that takes longer than this hangs. */
const DEADLINE_MS = 5 * 60_000;

/**
 * What each case of a comparison may cost: a ratio to the baseline, or, where
 * the baseline takes almost no time, nanoseconds more than it.
 */
type Goal = { readonly ratio: number } | { readonly more: number };
/** A goal, and where it is another one on some runtime. */
type GoalByRuntime = Goal & { readonly [Name in RuntimeName]?: Goal };
type Goals = Record<string, Record<string, GoalByRuntime>>;

const run = promisify(execFile);

const { values: options, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    runtime: { type: "string", multiple: true, default: RUNTIMES },
    check: { type: "boolean", default: false },
    tolerance: { type: "string", default: "1" },
    short: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const files = await findFiles("bench/**/[!_]*.ts", positionals);
const tolerance = Number(options.tolerance);
if (!(tolerance >= 1)) {
  fail(
    "Cannot run benchmarks: --tolerance must be a number of at least 1, " +
      `received "${options.tolerance}"`,
  );
}
const goals: Goals = JSON.parse(
  await readFile(join(ROOT, "bench/goals.json"), "utf8"),
);
const length = options.short ? ["--rounds", "7", "--ms", "10"] : [];
const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores`;
const say = options.json ? console.error : console.log;
say(machine);

const results: Record<string, Result[]> = {};
for (const name of new Set(options.runtime as RuntimeName[])) {
  const runtime = await findRuntime(name);
  const key = `${runtime.name} ${runtime.version}`;
  results[key] = [];
  say(`\n${key}\n`);
  for (const file of files) {
    const names: string[] = JSON.parse(await bench(runtime, file, ["--list"]));
    for (const only of names) {
      const args = ["--json", "--only", only, ...length];
      const result: Result = JSON.parse(await bench(runtime, file, args));
      results[key].push(result);
      say(format(result));
    }
  }
}
if (options.json) console.log(JSON.stringify({ machine, results }));
if (options.check) {
  const misses = findMisses(goals, tolerance);
  for (const miss of misses) say(`MISSED ${miss}`);
  say(misses.length === 0 ? "All goals are met" : `${misses.length} missed`);
  if (misses.length > 0) Deno.exitCode = 1;
}

async function bench(
  runtime: RuntimeProgram,
  file: string,
  args: readonly string[],
): Promise<string> {
  const start = runtime.name === "deno" ? ["run", "-A"] : [];
  const { stdout } = await run(runtime.path, [...start, file, ...args], {
    cwd: ROOT,
    timeout: DEADLINE_MS,
  });
  return stdout;
}

/** Finds the goals that were missed, and those that nothing was measured for. */
function findMisses(goals: Goals, tolerance: number): string[] {
  const misses: string[] = [];
  for (const [runtime, measured] of Object.entries(results)) {
    for (const [comparison, cases] of Object.entries(goals)) {
      const result = measured.find(({ name }) => name === comparison);
      // A part of the benchmarks was asked for.
      if (result === undefined && positionals.length > 0) continue;
      for (const [name, general] of Object.entries(cases)) {
        const goal = general[runtime.split(" ")[0] as RuntimeName] ?? general;
        const measured = result?.cases[name];
        const what = `${runtime}, ${comparison}, ${name}`;
        const [kind, limit] = "ratio" in goal
          ? ["ratio" as const, goal.ratio]
          : ["more" as const, goal.more];
        if (measured === undefined) misses.push(`${what}: not measured`);
        else if (measured[kind] > limit * tolerance) {
          misses.push(
            `${what}: ${kind} ${
              measured[kind].toFixed(2)
            }, the goal is ${limit}`,
          );
        }
      }
    }
  }
  return misses;
}

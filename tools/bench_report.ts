/**
 * Makes the tables of bench/README.md and the chart of README.md, of what
 * bench/results.json has.
 *
 *     deno run -A tools/bench_report.ts [--check]
 *
 * `--check` writes nothing, and fails if they are not what would be made.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CaseResult, Result, Unit } from "./bench_result.ts";
import { chart } from "./bench_chart.ts";
import {
  figureOf,
  type Goals,
  limitOn,
  missOf,
  readGoals,
  STRICT,
} from "./bench_goals.ts";
import {
  type BenchRecord,
  type Column,
  columnsOf,
  readRecord,
} from "./bench_record.ts";
import { fail, ROOT } from "./files.ts";
import type { RuntimeName } from "./runtimes.ts";

const TABLES = "bench/README.md";
const CHART = "bench/chart.svg";

/** Between these the tables stand; the formatter would wrap their lines. */
const MARKS = [
  "<!-- deno-fmt-ignore-start -->",
  "<!-- deno-fmt-ignore-end -->",
] as const;

/** Writes the tables and the chart. */
export async function writeReport(): Promise<void> {
  for (const [path, text] of await makeReport()) {
    await writeFile(join(ROOT, path), text);
  }
}

async function checkReport(): Promise<void> {
  for (const [path, text] of await makeReport()) {
    if (await readFile(join(ROOT, path), "utf8") === text) continue;
    fail(
      `${path} is not what bench/results.json makes: run ` +
        "`deno run -A tools/bench_report.ts`",
    );
  }
}

/** Makes the files, by their path. */
async function makeReport(): Promise<Map<string, string>> {
  const record = await readRecord();
  if (record === undefined) {
    fail("Cannot report: no bench/results.json; run `deno task bench --write`");
  }
  const page = await readFile(join(ROOT, TABLES), "utf8");
  const [before, rest] = page.split(MARKS[0]);
  const after = rest?.split(MARKS[1])[1];
  if (after === undefined) fail(`Cannot report: ${TABLES} lacks ${MARKS}`);
  const tables = tablesOf(record, await readGoals());
  return new Map([
    [TABLES, `${before}${MARKS[0]}\n\n${tables}\n${MARKS[1]}${after}`],
    [CHART, chart(record)],
  ]);
}

function tablesOf(record: BenchRecord, goals: Goals): string {
  const columns = columnsOf(record);
  const all = columns.flatMap(({ results }) => results);
  const files = [...new Set(all.map(({ file }) => file))].sort();
  const parts = [summaryOf(record, goals)];
  for (const file of files) {
    const names = new Set(
      all.filter((each) => each.file === file).map(({ name }) => name),
    );
    const rows = [...names].flatMap((name) => rowsOf(columns, goals, name));
    parts.push(
      `### ${file.replace("bench/", "")}\n`,
      table(["", ...columns.map(({ title }) => title)], rows),
    );
  }
  return parts.join("\n");
}

/** Says what was measured, where and when, and how many goals are missed. */
function summaryOf(record: BenchRecord, goals: Goals): string {
  const { machine, packages } = record;
  const columns = columnsOf(record);
  const dates = columns.flatMap(({ results }) =>
    results.map((each) => each.date)
  )
    .sort();
  const days = [...new Set([dates[0], dates.at(-1)])].join(" to ");
  const wanted = Object.entries(goals).flatMap(([comparison, cases]) =>
    Object.entries(cases).flatMap(([name, goal]) =>
      columns.map(({ runtime, results }) => {
        const result = results.find((each) => each.name === comparison);
        return result && missOf(runtime, result, name, goal, STRICT);
      })
    )
  );
  const missed = wanted.filter((miss) => miss !== undefined);
  return `${days}; ${machine}; ${
    columns.map(({ title }) => title).join(", ")
  }; ` +
    `${packages.join(", ")}. Of ${wanted.length} goals ${missed.length} are ` +
    "missed: ✗ marks them; what has no goal has no mark.\n\nAn amount alone is " +
    "a baseline's, or one with a goal of its own; × is a part or a multiple of " +
    "the baseline's, + and − a difference to it, with the quartiles of the turns " +
    "in brackets. Less is better.\n";
}

/** The rows of a comparison: its name, and one for each case. */
function rowsOf(
  columns: readonly Column[],
  goals: Goals,
  comparison: string,
): string[][] {
  const found = columns.map(({ runtime, results }) => ({
    runtime,
    result: results.find(({ name }) => name === comparison),
  }));
  const cases = new Set(
    found.flatMap(({ result }) => Object.keys(result?.cases ?? {})),
  );
  return [
    [`**${comparison}**`, ...columns.map(() => "")],
    ...[...cases].map((name) => [
      name,
      ...found.map(({ runtime, result }) =>
        result === undefined ? "" : cell(runtime, result, name, goals)
      ),
    ]),
  ];
}

function cell(
  runtime: RuntimeName,
  result: Result,
  name: string,
  goals: Goals,
): string {
  const measured = result.cases[name];
  if (measured === undefined) return "";
  const goal = goals[result.name]?.[name];
  if (goal === undefined) return textOf(result, name, measured, "ratio");
  const [figure, most] = figureOf(limitOn(runtime, goal));
  const text = textOf(result, name, measured, figure);
  const isMissed = missOf(runtime, result, name, goal, STRICT) !== undefined;
  const wanted = figure === "ratio" ? `${most} ×` : amount(most, result.unit);
  return isMissed ? `✗ ${text}, goal ${wanted}` : text;
}

function textOf(
  { baseline, unit }: Result,
  name: string,
  { median, ratio, spread, more }: CaseResult,
  figure: string,
): string {
  if (name === baseline || figure === "median") return amount(median, unit);
  if (figure === "more") {
    return `${more < 0 ? "−" : "+"}${amount(Math.abs(more), unit)}`;
  }
  const [low, high] = spread.map(shortRatio);
  return `${shortRatio(ratio)} ×` + (low === high ? "" : ` (${low}–${high})`);
}

/** Two digits, or two after the point. */
function shortRatio(ratio: number): string {
  if (ratio >= 10) return ratio.toFixed(0);
  return ratio < 0.095 ? ratio.toPrecision(1) : ratio.toFixed(2);
}

const SCALES: Readonly<Record<Unit, readonly (readonly [number, string])[]>> = {
  ns: [[1e6, "ms"], [1e3, "µs"], [1, "ns"]],
  B: [[1e3, "kB"], [1, "B"]],
};

/** Writes an amount in the unit that suits it. */
function amount(value: number, unit: Unit): string {
  const scales = SCALES[unit];
  const [scale, name] = scales.find(([scale]) => value >= scale) ??
    scales.at(-1)!;
  const scaled = value / scale;
  return `${
    scaled < 100 ? Number(scaled.toPrecision(2)) : Math.round(scaled)
  } ${name}`;
}

/** Writes a table. */
function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column].length))
  );
  const line = (row: string[]) =>
    `| ${row.map((text, n) => text.padEnd(widths[n])).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line), ""].join("\n");
}

if (import.meta.main) {
  if (Deno.args.includes("--check")) await checkReport();
  else await writeReport();
}

/**
 * Compares implementations of one thing in one run. `mitata` takes the samples;
 * what is added here is that the cases take turns, so that a noisy machine
 * disturbs all of them alike, and that ratios are what counts.
 */
import { measure } from "mitata";
import process from "node:process";
import { parseArgs } from "node:util";

/** Ways of doing one thing; each is called without arguments, and awaited. */
export type Cases = Readonly<Record<string, () => unknown>>;

/** Several ways of doing one thing, compared. */
export interface Comparison {
  /** What is compared; {@linkcode Result} and `goals.json` name it so. */
  name: string;
  /** The ways; a function makes them when they are compared. */
  cases: Cases | (() => Cases | Promise<Cases>);
  /** The case that the others are compared with. */
  baseline: string;
  /** Checks that a case does what it is timed for; runs before the timing. */
  check: (
    name: string,
    run: () => unknown,
    cases: Cases,
  ) => void | Promise<void>;
  /**
   * Takes one sample, where what counts is not the time of a call. There are
   * fewer rounds then.
   */
  sample?: (run: () => unknown) => Promise<number>;
  /**
   * What is measured.
   *
   * @default {"ns"}
   */
  unit?: Unit;
  /** How many rounds are enough, of what takes long. */
  maxRounds?: number;
}

/** What is measured: nanoseconds, or bytes. */
export type Unit = "ns" | "B";

/** How a case did. */
export interface CaseResult {
  /** The median over the rounds, in the comparison's unit. */
  median: number;
  /** The median over the rounds of the ratio to the baseline. */
  ratio: number;
  /** The quartiles of the rounds' ratios: half of them lie in between. */
  spread: [number, number];
  /** The median over the rounds of how much more than the baseline it is. */
  more: number;
}

/** How the cases of a comparison did. */
export interface Result {
  name: string;
  unit: Unit;
  baseline: string;
  cases: Record<string, CaseResult>;
}

/**
 * Runs the comparisons of a file: all of them, or the one that `--only` names.
 *
 * `--list` prints their names instead; `--json` prints results for programs;
 * `--rounds` and `--ms` set how often the cases take turns and how long a turn
 * takes.
 */
export async function compare(
  comparisons: readonly Comparison[],
): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      list: { type: "boolean" },
      json: { type: "boolean" },
      rounds: { type: "string", default: "31" },
      ms: { type: "string", default: "20" },
    },
  });
  if (values.list) {
    console.log(JSON.stringify(comparisons.map(({ name }) => name)));
    return;
  }
  const [rounds, ms] = [Number(values.rounds), Number(values.ms)];
  if (!(rounds >= 1 && ms >= 1)) {
    throw new RangeError("--rounds and --ms must be numbers of at least 1");
  }
  const chosen = comparisons.filter(({ name }) =>
    name === (values.only ?? name)
  );
  if (chosen.length === 0) {
    throw new RangeError(`Cannot compare "${values.only}": see --list`);
  }
  for (const comparison of chosen) {
    const result = await run(comparison, rounds, ms);
    console.log(values.json ? JSON.stringify(result) : format(result));
  }
  // A client or a server that a case started must not keep the process alive.
  process.exit();
}

/** How often a call is timed in a turn, however long it takes. */
const MIN_SAMPLES = 3;

async function run(
  { name, cases: given, baseline, check, ...how }: Comparison,
  rounds: number,
  ms: number,
): Promise<Result> {
  const { sample, unit = "ns", maxRounds = Infinity } = how;
  const cases = typeof given === "function" ? await given() : given;
  if (sample !== undefined) rounds = Math.ceil(rounds / 3);
  rounds = Math.min(rounds, maxRounds);
  const names = Object.keys(cases);
  for (const each of names) await check(each, cases[each], cases);
  const measurements: Record<string, number[]> = {};
  for (const each of names) measurements[each] = [];
  // The first round is for the compilers.
  for (let round = -1; round < rounds; round++) {
    // Whoever comes first in one round comes last in the next.
    const turn = round % 2 === 0 ? names : names.toReversed();
    for (const each of turn) {
      const measured = sample !== undefined
        ? await sample(cases[each])
        : (await measure(cases[each], {
          min_cpu_time: ms * 1e6,
          min_samples: MIN_SAMPLES,
          batch_samples: 1024,
          // Where it cannot call the collector, mitata allocates a gigabyte.
          gc: false,
        })).p50;
      if (round >= 0) measurements[each].push(measured);
    }
  }
  const result: Result = { name, unit, baseline, cases: {} };
  const base = measurements[baseline];
  for (const each of names) {
    const ratios = measurements[each].map((value, round) =>
      value / base[round]
    );
    const more = measurements[each].map((value, round) => value - base[round]);
    result.cases[each] = {
      median: quantile(measurements[each], 0.5),
      ratio: quantile(ratios, 0.5),
      spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
      more: quantile(more, 0.5),
    };
  }
  return result;
}

/** Writes a result for people. */
export function format({ name, unit, baseline, cases }: Result): string {
  const rows = Object.entries(cases).map((
    [each, { median, ratio, spread, more }],
  ) =>
    `  ${each.padEnd(28)} ${median.toFixed(1).padStart(10)} ${unit}  ` +
    (each === baseline
      ? "baseline"
      : `${ratio.toFixed(2)} × (${spread.map((r) => r.toFixed(2)).join("–")})` +
        `, ${more < 0 ? "" : "+"}${more.toFixed(0)} ${unit}`)
  );
  return [name, ...rows].join("\n");
}

function quantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.round(q * (sorted.length - 1))];
}

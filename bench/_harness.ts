/**
 * Compares implementations of one thing in one run. `mitata` takes the samples;
 * what is added here is that the cases take turns, so that a noisy machine
 * disturbs all of them alike, and that ratios are what counts.
 */
import { measure } from "mitata";
import process from "node:process";
import { parseArgs } from "node:util";
import { format, type Result, type Unit } from "../tools/bench_result.ts";
import goals from "./goals.json" with { type: "json" };

/** Ways of doing one thing; each is called without arguments, and awaited. */
export type Cases = Readonly<Record<string, () => unknown>>;

/** Several ways of doing one thing, compared. */
export interface Comparison {
  /** Its name in {@linkcode Result} and `goals.json`. */
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
   * fewer rounds then, and in a short run only one.
   */
  sample?: (run: () => unknown) => Promise<number>;
  /**
   * The unit of the samples.
   *
   * @default {"ns"}
   */
  unit?: Unit;
  /** How many rounds are enough, of what takes long. */
  maxRounds?: number;
}

/** How thoroughly cases are timed. */
interface Plan {
  /** Whether only cases with a goal are timed, and what they are compared with. */
  readonly isShort: boolean;
  /** How often the cases take turns. */
  readonly rounds: number;
  /** The same for a comparison with samples of its own, which take long. */
  readonly sampledRounds: number;
  /** For how long a case is called in a turn, in milliseconds. */
  readonly turnMs: number;
  /** How often a call is timed in a turn, however long it takes. */
  readonly minSamples: number;
}

const FULL: Plan = {
  isShort: false,
  rounds: 31,
  sampledRounds: 11,
  turnMs: 20,
  minSamples: 3,
};

const SHORT: Plan = {
  isShort: true,
  rounds: 7,
  sampledRounds: 1,
  turnMs: 5,
  minSamples: 1,
};

/** The cases that have goals, by the name of the comparison. */
const GOALS: Readonly<Record<string, object>> = goals;

/**
 * Runs the comparisons of a file: all of them, or those that `--only` names.
 *
 * `--list` prints their names instead; `--json` prints results for programs;
 * `--short` times cases with goals, in few turns, and only checks the others.
 */
export async function compare(
  comparisons: readonly Comparison[],
): Promise<void> {
  const names = comparisons.map(({ name }) => name);
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: names },
      list: { type: "boolean" },
      json: { type: "boolean" },
      short: { type: "boolean" },
    },
  });
  if (values.list) {
    console.log(JSON.stringify(names));
    return;
  }
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`Cannot compare "${unknown}": see --list`);
  }
  for (const comparison of comparisons) {
    if (!values.only.includes(comparison.name)) continue;
    const result = await run(comparison, values.short ? SHORT : FULL);
    console.log(values.json ? JSON.stringify(result) : format(result));
  }
  // A client or a server that a case started must not keep the process alive.
  process.exit();
}

async function run(
  { name, cases: given, baseline, check, ...how }: Comparison,
  { isShort, turnMs, minSamples, ...plan }: Plan,
): Promise<Result> {
  const { sample, unit = "ns", maxRounds = Infinity } = how;
  const cases = typeof given === "function" ? await given() : given;
  const rounds = Math.min(
    sample === undefined ? plan.rounds : plan.sampledRounds,
    maxRounds,
  );
  for (const each in cases) await check(each, cases[each], cases);
  const names = Object.keys(cases).filter((each) =>
    !isShort || isTimedInShort(name, each, baseline)
  );
  const measurements: Record<string, number[]> = {};
  for (const each of names) measurements[each] = [];
  // The first round is for the compilers. In a short run, where samples take
  // long, the check has to do for that.
  const first = isShort && sample !== undefined ? 0 : -1;
  for (let round = first; round < rounds; round++) {
    // The first case of one round is the last of the next.
    const turn = round % 2 === 0 ? names : names.toReversed();
    for (const each of turn) {
      const measured = sample !== undefined
        ? await sample(cases[each])
        : (await measure(cases[each], {
          min_cpu_time: turnMs * 1e6,
          min_samples: minSamples,
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

/** Whether a short run times a case: one with a goal, or its baseline. */
function isTimedInShort(name: string, each: string, baseline: string): boolean {
  return name in GOALS && (each === baseline || each in GOALS[name]);
}

function quantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.round(q * (sorted.length - 1))];
}

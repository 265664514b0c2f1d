/** The goals of the benchmarks: bench/goals.json. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Result } from "./bench_result.ts";
import { ROOT } from "./files.ts";
import type { RuntimeName } from "./runtimes.ts";

/**
 * The most that a case may be: a `ratio` to the baseline, or `more` than it where
 * the baseline takes almost no time, or a `median` in any case; the latter two in
 * the comparison's unit.
 */
export type Limit =
  | { readonly ratio: number }
  | { readonly more: number }
  | { readonly median: number };

/** The figures that there are limits for. */
const FIGURES = ["ratio", "more", "median"] as const;

/** The goal of a case. */
export type Goal = Limit & {
  /** Where it should be something else. */
  readonly on?: { readonly [Name in RuntimeName]?: Limit };
  /**
   * Where the goal is missed: how much it is known to be. It is the limit of
   * those who accept that.
   */
  readonly known?: { readonly [Name in RuntimeName]?: number };
  /**
   * The limit of a short run, of what takes a quiet machine to tell, or one that
   * is as quick.
   */
  readonly short?: Limit;
};

/** The goals of the cases, by the name of the comparison. */
export type Goals = Readonly<Record<string, Readonly<Record<string, Goal>>>>;

/** How strictly goals are applied. */
export interface Strictness {
  /** A factor: so much more than the limit passes, too. */
  readonly tolerance: number;
  /** Whether what is known to be missed may be missed by as much. */
  readonly acceptsKnown: boolean;
  /** Whether the run is a short one. */
  readonly isShort: boolean;
}

/** As the tables apply them. */
export const STRICT: Strictness = {
  tolerance: 1,
  acceptsKnown: false,
  isShort: false,
};

/** Reads the goals. */
export async function readGoals(): Promise<Goals> {
  const goals = await readFile(join(ROOT, "bench/goals.json"), "utf8");
  return JSON.parse(goals);
}

/** The figure that a limit is about, and the most that it may be. */
export function figureOf(limit: Limit): [(typeof FIGURES)[number], number] {
  const figure = FIGURES.find((each) => each in limit)!;
  return [figure, (limit as Record<string, number>)[figure]];
}

/** The limit that a goal sets on a runtime. */
export function limitOn(runtime: RuntimeName, goal: Goal): Limit {
  return goal.on?.[runtime] ?? goal;
}

/** The miss of a case of a comparison, in words; `undefined` without one. */
export function missOf(
  runtime: RuntimeName,
  result: Result,
  name: string,
  goal: Goal,
  { tolerance, acceptsKnown, isShort }: Strictness,
): string | undefined {
  const measured = result.cases[name];
  if (measured === undefined) return "not measured";
  const short = isShort ? goal.short : undefined;
  const [figure, most] = figureOf(short ?? limitOn(runtime, goal));
  // `known` is in the figure of the goal itself.
  const known = acceptsKnown && !short && goal.known?.[runtime] || most;
  // A figure that is no number is a miss.
  if (measured[figure] <= Math.max(most, known) * tolerance) return undefined;
  return `${figure} ${measured[figure].toFixed(2)}, the goal is ${most}`;
}

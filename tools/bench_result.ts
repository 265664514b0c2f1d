/** The result of a benchmark, for programs and for people. */

/** The unit of samples: nanoseconds, or bytes. */
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

/** Writes a result for people. */
export function format({ name, unit, baseline, cases }: Result): string {
  if (Object.keys(cases).length === 0) return `${name}: checked`;
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

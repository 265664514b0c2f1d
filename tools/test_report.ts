/**
 * What becomes of the tests of one process: a line of JSON for each change, so
 * that a process that is killed has told what it had finished. `tests/_suite.ts`
 * writes the lines.
 */

/** What has become of a test; the first two say that it has not ended. */
export interface TestReport {
  readonly name: string;
  readonly state: "declared" | "running" | "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly reason?: string;
}

/** The name of what is no test's: loading its file, and how its process ends. */
export const WHOLE_FILE = "(the file itself)";

/** Reads the lines; of each test the last one counts. */
export function parseReport(lines: string): TestReport[] {
  const reports = new Map<string, TestReport>();
  // After the last line feed nothing stands, or a line that was cut off.
  for (const line of lines.split("\n").slice(0, -1)) {
    const report: TestReport = JSON.parse(line);
    reports.set(report.name, report);
  }
  return [...reports.values()];
}

/** A line of what `deno test --doc` prints, which has no file of its own. */
const EXAMPLE = /^(.+) \.\.\. (ok|FAILED|ignored)(?: |$)/;

const STATES = { ok: "passed", FAILED: "failed", ignored: "skipped" } as const;

/** Reads what `deno test --doc` has printed of examples. */
export function parseExamples(log: string): TestReport[] {
  return log.split("\n").flatMap((line) => {
    const match = EXAMPLE.exec(line);
    if (match === null) return [];
    const state = STATES[match[2] as keyof typeof STATES];
    return [{ name: match[1], state, reason: "see the log" }];
  });
}

/**
 * Finds tests that a file has in one run and lacks in another.
 *
 * @param runs The names of its tests, by where it ran.
 */
export function compareNames(
  runs: ReadonlyMap<string, readonly string[]>,
): string[] {
  const everything = new Set([...runs.values()].flat());
  return [...runs].flatMap(([where, names]) => {
    const lacking = [...everything.difference(new Set(names))];
    if (lacking.length === 0) return [];
    return [`on ${where}: it lacks tests: ${lacking.join("; ")}`];
  });
}

/**
 * The states of the tests of one process, a line of JSON for each change: a
 * process that is killed has told how far it came. `tests/_suite.ts` writes the
 * lines.
 */

/** The state of a test; the first two are those of one that has not ended. */
export interface TestReport {
  readonly name: string;
  readonly state: "declared" | "running" | "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly reason?: string;
}

/** The name under which loading a file and the end of its process are told. */
export const WHOLE_FILE = "(the file itself)";

/** Reads the lines: the last one of each test counts, but a failure is final. */
export function parseReport(lines: string): TestReport[] {
  const reports = new Map<string, TestReport>();
  // The last line feed is followed by nothing, or by a line that was cut off.
  for (const line of lines.split("\n").slice(0, -1)) {
    const report: TestReport = JSON.parse(line);
    if (reports.get(report.name)?.state === "failed") continue;
    reports.set(report.name, report);
  }
  return [...reports.values()];
}

/** A line that `deno test --doc` prints for an example. */
const EXAMPLE = /^(.+) \.\.\. (ok|FAILED|ignored)(?: |$)/;

const STATES = { ok: "passed", FAILED: "failed", ignored: "skipped" } as const;

/** Reads the log of `deno test --doc`, which ends with the errors. */
export function parseExamples(log: string): TestReport[] {
  const [, errors] = log.split(/^ ERRORS *$/m);
  return log.split("\n").flatMap((line) => {
    const match = EXAMPLE.exec(line);
    if (match === null) return [];
    const state = STATES[match[2] as keyof typeof STATES];
    return [{ name: match[1], state, reason: errors?.trim() }];
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

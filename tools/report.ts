/** Reads the reports of the three test runners, which are JUnit's XML. */
import { XMLParser } from "fast-xml-parser";

/** What became of one test. */
export interface TestResult {
  /**
   * The name, by which the runners' results are compared: the file they give
   * is that of the function which declared the test, and not the same on all.
   */
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly reason?: string;
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  parseAttributeValue: false,
  parseTagValue: false,
  htmlEntities: true,
  processEntities: { maxTotalExpansions: Infinity },
  isArray: (name) => name === "testsuite" || name === "testcase",
});

interface TestCase {
  "@name": string;
  skipped?: unknown;
  failure?: unknown;
  error?: unknown;
}

interface Suite {
  testcase?: TestCase[];
  testsuite?: Suite[];
}

/** Reads a report. */
export function parseReport(xml: string): TestResult[] {
  const { testsuites } = parser.parse(xml) as { testsuites: Suite };
  return testCases(testsuites).map((testCase) => {
    // Node escapes quotes twice.
    const title = testCase["@name"].replaceAll("&quot;", '"');
    const [name, skipReason] = title.split(" # SKIP ");
    // The mark in the name is enough: what has it ran an empty test.
    if (testCase.skipped !== undefined || skipReason !== undefined) {
      return {
        name,
        status: "skipped",
        reason: skipReason ?? "no reason given",
      };
    }
    const failure = testCase.failure ?? testCase.error;
    if (failure === undefined) return { name, status: "passed" };
    return { name, status: "failed", reason: failureText(failure) };
  });
}

/**
 * Finds what makes runs of one suite differ: a test that a run lacks, or one
 * that has the name of another.
 */
export function compareRuns(
  runs: ReadonlyMap<string, readonly TestResult[]>,
): string[] {
  const problems: string[] = [];
  const everything = new Set([...runs.values()].flat().map(({ name }) => name));
  for (const [run, results] of runs) {
    const names = new Set<string>();
    for (const { name } of results) {
      if (names.has(name)) problems.push(`${run} has two tests named ${name}`);
      names.add(name);
    }
    const lacking = [...everything].filter((name) => !names.has(name));
    if (lacking.length === 0) continue;
    problems.push(
      `${run} did not run ${lacking.length} of ${everything.size} tests, ` +
        `the first of them: ${lacking.slice(0, 3).join("; ")}`,
    );
  }
  return problems;
}

function testCases(suite: Suite | undefined): TestCase[] {
  return [
    ...suite?.testcase ?? [],
    ...suite?.testsuite?.flatMap(testCases) ?? [],
  ];
}

function failureText(failure: unknown): string {
  if (typeof failure === "string") return failure;
  const { "#text": text, "@message": message } = failure as Record<
    string,
    string
  >;
  return text ?? message ?? "no message";
}

import { compareRuns, parseReport } from "../../tools/report.ts";
import { assertEquals } from "@std/assert";
import { test } from "../_suite.ts";

// One test each that passed, failed and was skipped, as the runners report it.
const REPORTS: Record<string, string> = {
  Deno: `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="1" errors="0" time="0.1">
  <testsuite name="./tests/a_test.ts" tests="3" disabled="1" errors="0" failures="1">
    <testcase name="a() says &quot;yes&quot;" classname="./tests/a_test.ts" time="0.002" line="3" col="1">
    </testcase>
    <testcase name="a() fails" classname="./tests/a_test.ts" time="0.02" line="7" col="1">
      <failure message="short">the &lt;reason&gt;</failure>
    </testcase>
    <testcase name="a() waits # SKIP no server" classname="./tests/a_test.ts" time="0.0" line="8" col="1">
      <skipped/>
    </testcase>
  </testsuite>
</testsuites>`,
  Bun: `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="3" assertions="0" failures="1" skipped="1" time="0.08">
  <testsuite name="tests/a_test.ts" file="tests/a_test.ts" tests="3" failures="1" skipped="1">
    <testcase name="a() says &quot;yes&quot;" classname="" time="0.003" file="tests/a_test.ts" line="3" />
    <testcase name="a() fails" classname="" time="0.005" file="tests/a_test.ts" line="7">
      <failure type="AssertionError" message="short">the &lt;reason&gt;</failure>
    </testcase>
    <testcase name="a() waits # SKIP no server" classname="" time="0" file="tests/a_test.ts" line="8">
      <skipped />
    </testcase>
  </testsuite>
</testsuites>`,
  Node: `<?xml version="1.0" encoding="utf-8"?>
<testsuites>
	<testcase name="a() says &amp;quot;yes&amp;quot;" time="0.002" classname="test" file="/p/tests/a_test.ts"/>
	<testcase name="a() fails" time="0.002" classname="test" file="/p/tests/a_test.ts" failure="short">
		<failure type="testCodeFailure" message="short">the &lt;reason></failure>
	</testcase>
	<testcase name="a() waits # SKIP no server" time="0.0003" classname="test" file="/p/tests/a_test.ts">
		<skipped type="skipped" message="no server"/>
	</testcase>
	<!-- tests 3 -->
</testsuites>`,
};

for (const [runner, xml] of Object.entries(REPORTS)) {
  test(`parseReport() reads a report of ${runner}`, () => {
    assertEquals(parseReport(xml), [
      { name: 'a() says "yes"', status: "passed" },
      { name: "a() fails", status: "failed", reason: "the <reason>" },
      { name: "a() waits", status: "skipped", reason: "no server" },
    ]);
  });
}

test("parseReport() reads a report without tests", () => {
  assertEquals(parseReport("<testsuites></testsuites>"), []);
});

test("compareRuns() finds nothing where all ran the same tests", () => {
  const a = { name: "a", status: "passed" } as const;
  const b = { name: "b", status: "passed" } as const;
  const skipped = { name: "b", status: "skipped", reason: "no" } as const;
  assertEquals(compareRuns(new Map([["x", [a, b]], ["y", [skipped, a]]])), []);
});

test("compareRuns() names a run that lacks a test, and a name used twice", () => {
  const a = { name: "a", status: "passed" } as const;
  const b = { name: "b", status: "passed" } as const;
  assertEquals(
    compareRuns(new Map([["x", [a, b, b]], ["y", [a]], ["z", []]])),
    [
      "x has two tests named b",
      "y did not run 1 of 2 tests, the first of them: b",
      "z did not run 2 of 2 tests, the first of them: a; b",
    ],
  );
});

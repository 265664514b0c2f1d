/** Files of tests that go wrong in many ways, on each runtime. */
import { assertEquals, assertMatch } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../../tools/files.ts";
import {
  findRuntime,
  type RuntimeName,
  RUNTIMES,
} from "../../../tools/runtimes.ts";
import { runTests, testsOf } from "../../../tools/test_process.ts";
import { type TestReport, WHOLE_FILE } from "../../../tools/test_report.ts";
import { withFolder } from "../../_folder.ts";
import { test } from "../../_suite.ts";

const SUITE = pathToFileURL(join(ROOT, "tests/_suite.ts"));

/** How long a test that hangs for good is watched, and a busy machine waited for. */
const PATIENCE_MS = 12_000;

const programs = new Map(RUNTIMES.map((name) => [name, findRuntime(name)]));

/** Runs a file with a bad test between two good ones. */
async function runBad(
  runtime: RuntimeName,
  bad: string,
  hangs = false,
): Promise<Map<string, TestReport>> {
  const reports = new Map<string, TestReport>();
  await withFolder(async (folder) => {
    const file = join(folder, "bad_test.ts");
    await writeFile(
      file,
      `import { createServer } from "node:net";
import process from "node:process";
import { test } from "${SUITE}";
test("first", () => {});
${bad}
test("last", () => {});
`,
    );
    const found = await runTests({
      ...testsOf(await programs.get(runtime)!, file),
      output: join(folder, "output"),
      silence: hangs ? PATIENCE_MS : undefined,
    });
    for (const report of found) reports.set(report.name, report);
  });
  return reports;
}

function othersOf(reports: Map<string, TestReport>) {
  return [reports.get("first")?.state, reports.get("last")?.state];
}

/** The reasons to skip some of them elsewhere than on Linux. */
const SKIPS: Readonly<Record<string, string>> = process.platform === "linux"
  ? {}
  : {
    "leaves a server": "only Linux tells of the servers of every runtime",
    "kills its process": "only Linux is known to tell of the signal",
  };

/** The code of bad tests, and the reasons that must be told. */
const BAD: Readonly<Record<string, [source: string, reason: RegExp]>> = {
  "fails": ["throw new RangeError('too far')", /RangeError: too far/],
  "hangs": [
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
    /ended with SIGKILL, since nothing/,
  ],
  "kills its process": [
    "process.kill(process.pid, 'SIGKILL')",
    /ended with SIGKILL in this test/,
  ],
  "ends its process": ["process.reallyExit(0)", /ended with 0 in this test/],
  "leaves a server": [
    "await new Promise((done) => createServer().listen(0, '127.0.0.1', done))",
    /left a server listening: tcp 0100007F:/,
  ],
};

for (const runtime of RUNTIMES) {
  for (const [what, [source, reason]] of Object.entries(BAD)) {
    const skip = SKIPS[what];
    const name = `a test that ${what} on ${runtime} fails, and no other`;
    test(name, { skip }, async () => {
      const bad = `test("bad", async () => { ${source}; });`;
      const reports = await runBad(runtime, bad, what === "hangs");
      assertEquals(othersOf(reports), ["passed", "passed"]);
      assertEquals(reports.get("bad")?.state, "failed");
      assertMatch(reports.get("bad")!.reason!, reason);
      assertEquals(reports.size, 3);
    });
  }

  test(`a file that does not parse on ${runtime} fails, with the reason`, async () => {
    const [report, ...others] = (await runBad(runtime, "const;")).values();
    assertEquals([report.name, report.state], [WHOLE_FILE, "failed"]);
    assertMatch(report.reason!, /bad_test\.ts/);
    assertEquals(others, []);
  });

  test(`a file that declares a name twice on ${runtime} fails`, async () => {
    const reports = await runBad(runtime, 'test("first", () => {});');
    assertMatch(reports.get(WHOLE_FILE)!.reason!, /two tests named first/);
  });

  test(`a test that fails with an open server on ${runtime} fails alone`, async () => {
    const source = "createServer().listen(0); throw new Error('no')";
    const reports = await runBad(
      runtime,
      `test("bad", () => { ${source}; });`,
    );
    assertEquals(othersOf(reports), ["passed", "passed"]);
    assertMatch(reports.get("bad")!.reason!, /Error: no/);
  });

  test(`an end between tests on ${runtime} costs no other test`, async () => {
    const source = "setImmediate(() => process.reallyExit(0))";
    const bad = `test("bad", () => { ${source}; });`;
    const reports = await runBad(runtime, bad);
    assertEquals(othersOf(reports), ["passed", "passed"]);
    const failed = [...reports.values()]
      .filter(({ state }) => state === "failed");
    assertEquals(failed.length, 1);
  });

  const late = "setTimeout(() => { throw new Error('late'); });";
  const wait = "new Promise((done) => setTimeout(done, 100))";
  const rejected = 'Promise.reject(new Error("late"))';
  const background = {
    "a test runs": `${late} test("bad", () => ${wait});`,
    "a file loads": `${late} await ${wait};`,
    "nobody handles a rejection": `${rejected}; test("bad", () => ${wait});`,
    "nobody handles a test's rejection":
      `test("bad", () => void ${rejected}); test("next", () => {});`,
  };
  for (const [when, bad] of Object.entries(background)) {
    test(`an error in the background while ${when} on ${runtime} fails`, async () => {
      const reports = await runBad(runtime, bad);
      const failed = [...reports.values()]
        .filter(({ state }) => state === "failed");
      // Bun takes no test any more from a file that has waited.
      const words = /late|Cannot call test\(\) after the test run/;
      assertMatch(failed.map(({ reason }) => reason).join("\n"), words);
    });
  }

  test(`a file without tests on ${runtime} fails`, async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "empty_test.ts");
      await writeFile(file, "export {};");
      const [report] = await runTests({
        ...testsOf(await programs.get(runtime)!, file),
        output: join(folder, "output"),
      });
      assertEquals(report.name, WHOLE_FILE);
      assertEquals(report.state, "failed");
    });
  });
}

test("a runtime that does not start is told as such", async () => {
  await withFolder(async (folder) => {
    const output = join(folder, "output");
    const command = [join(folder, "no-such-runtime")] as const;
    const [{ name, state, reason }] = await runTests({
      command,
      env: {},
      output,
    });
    assertEquals([name, state], [WHOLE_FILE, "failed"]);
    assertMatch(reason!, /no-such-runtime ENOENT/);
  });
});

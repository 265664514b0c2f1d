/** What becomes of a run with a file of tests that goes wrong. */
import { assertEquals, assertMatch } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
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
const PATIENCE_MS = 20_000;

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
      ...testsOf(await findRuntime(runtime), file),
      output: join(folder, "output"),
      silence: hangs ? PATIENCE_MS : undefined,
    });
    for (const report of found) reports.set(report.name, report);
  });
  return reports;
}

/** Whether the other tests, if they are counted, have passed. */
function othersOf(reports: Map<string, TestReport>) {
  return [reports.get("first")?.state, reports.get("last")?.state];
}

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
    test(`a test that ${what} on ${runtime} fails, and no other`, async () => {
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

  test(`an error in the background of tests on ${runtime} fails the file`, async () => {
    const source = "setTimeout(() => { throw new Error('late'); });";
    const wait = "new Promise((done) => setTimeout(done, 100))";
    const bad = `${source} test("bad", () => ${wait});`;
    const reports = await runBad(runtime, bad);
    const failed = [...reports.values()]
      .filter(({ state }) => state === "failed");
    assertEquals(failed.length > 0, true);
    assertMatch(failed[0].reason!, /late/);
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

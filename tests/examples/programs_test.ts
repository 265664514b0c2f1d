import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { runtimeName } from "../../src/runtime/detect.ts";
import { test } from "../_suite.ts";
import { cannotRun, commandsOf, ROOT, runExample } from "./_examples.ts";

const DECORATED = [
  "hello",
  "TypeError",
  "fetch_seconds_count 2",
  "fetch_failures_total 1",
  "fetches_inprogress 0",
];

/** The output of programs, without the parts that depend on speed. */
const PRINTED: Record<string, string[]> = {
  "value_or_promise.ts": [
    "later: hello",
    "now: hello",
    "load_seconds_count 2",
  ],
  "deferred.ts": ["ONE TWO", "reply_seconds_count 2"],
  "decorators.ts": DECORATED,
};

/** The lines of an output, but for comments, buckets and sums. */
function linesOf(stdout: string): string[] {
  return stdout.split("\n")
    .filter((line) => line !== "" && !/^#|_bucket\{|_sum /.test(line));
}

for (const [file, printed] of Object.entries(PRINTED)) {
  test(
    `examples/${file} prints what it has measured, and ends`,
    { skip: cannotRun(file) },
    async () => {
      const { stdout } = await runExample(file);
      assertEquals(linesOf(stdout), printed);
    },
  );
}

test(
  "examples/decorators.ts runs on Node when esbuild has compiled it",
  { skip: runtimeName() === "node" ? undefined : "only Node needs a compiler" },
  async () => {
    const command = commandsOf("decorators.ts").get("npx")!;
    const { stdout } = await promisify(execFile)(
      "sh",
      ["-c", command.replace("| node", '| "$NODE"')],
      { cwd: ROOT, env: { ...process.env, NODE: process.execPath } },
    );
    assertEquals(linesOf(stdout), DECORATED);
  },
);

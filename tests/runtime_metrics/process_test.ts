import { assert, assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { runtimeName } from "../../src/runtime/detect.ts";
import { runProgram, runRuntime } from "../_spawn.ts";
import { test } from "../_suite.ts";

const runtime = runtimeName();

const NO_PROC = process.platform === "linux" ? undefined : "it has no /proc";
const NOT_DENO = runtime === "deno" ? undefined : "it is Deno's";

/** The output of `runtime_usage.ts`. */
interface Usage extends Record<string, unknown> {
  openFiles: number;
  resident: number;
  external: number;
  cpu: number;
  burnt: number;
  collections?: number;
  collecting?: number;
  collectedSeconds: number;
  values: Record<string, number>;
  system: Record<string, number>;
}

/** Asserts that a figure is another one, by a tenth more or less. */
function assertNear(actual: number, expected: number, what: string): void {
  const ratio = actual / expected;
  assert(ratio >= 0.9 && ratio <= 1.1, `${what}: ${actual} of ${expected}`);
}

for (const place of ["main", "thread"]) {
  test(`what is used is seen within a tenth, from the ${place}`, {
    skip: NO_PROC,
  }, async () => {
    const { stdout } = await runProgram("tests/programs/runtime_usage.ts", [
      place,
    ]);
    const usage: Usage = JSON.parse(stdout);
    assertNear(usage.openFiles, 50, "open files");
    assertNear(usage.resident, 200e6, "resident memory");
    assertNear(usage.external, 200e6, "external memory");
    assertNear(usage.cpu, usage.burnt, "CPU time");
    for (const [name, value] of Object.entries(usage.system)) {
      // A scrape has connections of its own while it is read.
      const isCount = !name.endsWith("_bytes");
      const difference = Math.abs(usage.values[name] - value);
      if (isCount) assert(difference <= 4, `${name} is off by ${difference}`);
      else assertNear(usage.values[name], value, name);
    }
    if (runtime === "bun") return assertEquals(usage.collections, undefined);
    assertNear(usage.collections!, 20, "collections");
    assertNear(usage.collecting!, usage.collectedSeconds, "their time");
  });
}

test("open files are told when no descriptor is left", {
  skip: NO_PROC,
}, async () => {
  const program = "tests/programs/runtime_files.ts";
  const args = {
    deno: ["run", "-A", program],
    bun: [program],
    node: [program],
  }[runtime];
  const { stdout } = await promisify(execFile)("sh", [
    "-c",
    'ulimit -n 100; exec "$RUNTIME" "$@"',
    "sh",
    ...args,
  ], { env: { ...process.env, RUNTIME: process.execPath } });
  const [open, most] = JSON.parse(stdout);
  assertEquals(most, 100);
  // Some may have been opened before the limit was set.
  assert(open >= most, stdout);
});

test("a process that measures ends by itself", async () => {
  const { stdout } = await runProgram("tests/programs/runtime_text.ts");
  assert(stdout.includes("\nruntime_eventloop_delay_seconds_count "), stdout);
});

test("a test of Deno's finds nothing that is left behind", {
  skip: NOT_DENO,
}, async () => {
  const { stdout } = await runRuntime([
    "test",
    "--no-check",
    "tests/programs/runtime_sanitized.ts",
  ]);
  assert(/1 passed/.test(stdout), stdout);
});

/**
 * Runs a program at a terminal, where Deno prompts. It is named in the environment,
 * since Deno adds permissions where it sees itself started.
 */
const AT_TERMINAL = `
import os, pty, sys
pty.spawn([os.environ["RUNTIME"], *sys.argv[1:]])
`;

/** The metrics that Deno has without a permission. */
const ALWAYS = [
  "process_cpu_user_seconds_total",
  "process_cpu_system_seconds_total",
  "process_cpu_seconds_total",
  "process_resident_memory_bytes",
  "process_start_time_seconds",
  "nodejs_heap_size_total_bytes",
  "nodejs_heap_size_used_bytes",
  "nodejs_external_memory_bytes",
  "runtime_heap_size_limit_bytes",
  "runtime_info",
  "runtime_eventloop_delay_seconds",
];

for (const flags of [[], ["--allow-read"], ["--allow-read", "--allow-sys"]]) {
  const named = flags.length === 0 ? "no permission" : flags.join(" ");
  test(
    `with ${named} Deno is not made to prompt, and nothing is 0 that is not`,
    {
      skip: NOT_DENO,
    },
    async () => {
      const { stdout } = await promisify(execFile)("python3", [
        "-c",
        AT_TERMINAL,
        "run",
        ...flags,
        "tests/programs/runtime_text.ts",
      ], {
        env: { ...process.env, NO_COLOR: "1", RUNTIME: process.execPath },
      });
      assert(!stdout.includes("Deno requests"), stdout);
      const text = stdout.replaceAll("\r\n", "\n");
      for (const name of ALWAYS) {
        assert(text.includes(`# TYPE ${name} `), `${name} is not in ${text}`);
      }
      for (const name of ["open_fds", "max_fds", "threads", "virtual_memory"]) {
        assert(!text.includes(`process_${name}`), `${name} is in ${text}`);
      }
      const zeros = text.match(/^(process|runtime|nodejs_heap_size)\w+ 0$/gm) ??
        [];
      // A counter of ticks of 10 ms may not have begun.
      assertEquals(zeros.filter((line) => !line.includes("cpu")), []);
    },
  );
}

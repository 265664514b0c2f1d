import { assert } from "@std/assert";
import { runProgram } from "../../_spawn.ts";
import { test } from "../../_suite.ts";

/** How many servers there are, a quarter of them between two measurements. */
const CYCLES = 20;
const QUARTER = CYCLES / 4;

/**
 * The most that a quarter may add to the heap. Runtimes keep some of what they compile: in
 * one quarter up to a megabyte, but in another less than half of this. The objects
 * that stand for five servers on the main thread take a quarter more than this.
 */
const HEAP = 150_000;

test("twenty servers on threads leave no thread and no memory behind", async () => {
  const program = "tests/programs/thread_cycles.ts";
  const { stdout } = await runProgram(program, [`${CYCLES}`]);
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const open = lines.pop();
  const growth = (name: "threads" | "heap" | "rss"): number[] =>
    lines
      .map((line, n) => line[name] - (n === 0 ? 0 : lines[n - 1][name]))
      .sort((a, b) => a - b);
  // A leak adds to each quarter, so the least of them tells it. Threads of the
  // runtimes end once, which hides one quarter.
  const [, threads] = growth("threads");
  assert(threads < QUARTER / 2, `a quarter adds ${threads} threads`);
  const [heap] = growth("heap");
  assert(heap < HEAP, `a quarter adds ${heap} bytes of heap`);
  const [rss] = growth("rss");
  assert(rss < open.rss / 2, `a quarter adds ${rss} bytes of ${open.rss}`);
});

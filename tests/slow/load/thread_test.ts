import { assert } from "@std/assert";
import { runProgram } from "../../_spawn.ts";
import { test } from "../../_suite.ts";

/** It takes ten to twenty seconds where nothing else runs. */
const DEADLINE_MS = 400_000;

test("a hundred servers on threads leave no thread and no memory behind", async () => {
  const program = "tests/programs/thread_cycles.ts";
  const { stdout } = await runProgram(program, ["100"], DEADLINE_MS);
  const marks = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const { threads, heap, rss } = marks.at(-1);
  // Runtimes have threads of their own, which come and go.
  assert(threads < 10, `${threads} threads more`);
  // A thread with its server takes several megabytes.
  assert(heap < 10e6, `${heap} bytes of heap more`);
  assert(rss < 150e6, `${rss} bytes more`);
});

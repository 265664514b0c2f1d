import { assertEquals } from "@std/assert";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";

test("wrappers raise as many unhandled rejections as without them", async () => {
  const { stdout } = await runProgram("tests/programs/dropped_rejections.ts");
  // Six ways to drop a rejected promise, the first unwrapped, and one that
  // handles it.
  assertEquals(stdout.trim(), "1 1 1 1 1 1 0");
});

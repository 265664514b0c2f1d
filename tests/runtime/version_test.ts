import { assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";

const REFUSAL =
  /^\w+ Error: Cannot [\w ]+: Deno 2\.9, Bun 1\.4 or Node 22\.18, or a later version, is required, received (Deno|Bun|Node) [\d.]+$/;

test("a runtime that is too old is named by what needs a later one, and no import fails", async () => {
  const { stdout } = await runProgram("tests/programs/old_runtime.ts");
  const [wrapper, ...others] = stdout.trim().split("\n");
  assertEquals(wrapper, "time works");
  assertEquals(others.length, 8);
  for (const line of others) assertMatch(line, REFUSAL);
});

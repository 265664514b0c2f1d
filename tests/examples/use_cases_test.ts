import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "../_suite.ts";
import { commandsOf, ROOT, USE_CASES } from "./_examples.ts";

const EXAMPLES = join(ROOT, "examples");

const entries = await readdir(EXAMPLES, { withFileTypes: true });
const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
const folders = entries.filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test("docs/use-cases.md shows each example to the letter, and nothing else", async () => {
  const shown = [...USE_CASES.matchAll(/```ts\n([^]*?)```/g)]
    .map(([, code]) => code);
  const written = await Promise.all(
    files.map((file) => readFile(join(EXAMPLES, file), "utf8")),
  );
  assertEquals(shown.sort(), written.sort());
});

test("docs/use-cases.md says of each example how it is started", () => {
  for (const file of files) {
    assert(commandsOf(file).size > 0, `nothing starts ${file}`);
  }
});

test("docs/use-cases.md links to the examples that have a folder", () => {
  for (const folder of folders) {
    assertStringIncludes(USE_CASES, `](../examples/${folder})`);
  }
});

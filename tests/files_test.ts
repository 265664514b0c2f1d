import { assertEquals } from "@std/assert";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "./_suite.ts";

const ROOT = join(import.meta.dirname!, "..");

/** Lines of code: a longer file has a second purpose. */
const MOST = 300;

/** The package itself is read most often. */
const MOST_OF_SOURCES = 200;

/** A test's cases take their lines, and one subject may have many. */
const MOST_OF_TESTS = 400;

/** How many lines of a file are neither empty nor comment. */
function linesOfCode(text: string): number {
  return text.replaceAll(/\/\*[^]*?\*\//g, "").split("\n")
    .filter((line) => !/^\s*(\/\/|$)/.test(line)).length;
}

test("no file has more than 200 lines of code in src, 400 in tests, 300 elsewhere", async () => {
  const files = glob(
    "{mod.ts,{src,tests,tools,bench,examples}/**/*.{ts,mjs}}",
    { cwd: ROOT },
  );
  const long: string[] = [];
  for await (const file of files) {
    const lines = linesOfCode(await readFile(join(ROOT, file), "utf8"));
    const most = file.startsWith("src/")
      ? MOST_OF_SOURCES
      : file.startsWith("tests/")
      ? MOST_OF_TESTS
      : MOST;
    if (lines > most) long.push(`${file}: ${lines}`);
  }
  assertEquals(long, []);
});

import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { processUsage } from "../../src/runtime/process_usage.ts";
import { test } from "../_suite.ts";

/** The functions that read files here, by their names. */
type Files = Record<string, (path: string) => unknown>;

const { Deno } = globalThis as unknown as { Deno?: Files };

/** Replaces the reading of text files while a function runs. */
function withText(read: () => string, fn: () => void): void {
  const files = Deno ?? process.getBuiltinModule("node:fs") as unknown as Files;
  const name = Deno === undefined ? "readFileSync" : "readTextFileSync";
  const original = files[name];
  files[name] = read;
  try {
    fn();
  } finally {
    files[name] = original;
  }
}

test("processUsage() leaves out what a /proc that is imitated has as 0", () => {
  withText(() => `7 (a) b) S ${"0 ".repeat(48)}`, () => {
    const usage = processUsage();
    assertEquals(usage.threads, undefined);
    assertEquals(usage.virtualBytes, undefined);
    assert(usage.residentBytes! > 0);
  });
});

test("processUsage() leaves out what it reads from /proc on systems without it", () => {
  const error = Object.assign(new Error("no such file"), { code: "ENOENT" });
  const read = () => {
    throw error;
  };
  withText(read, () => {
    const usage = processUsage();
    assertEquals(usage.threads, undefined);
    assertEquals(usage.virtualBytes, undefined);
    assertEquals(usage.maxFiles, undefined);
    assert(usage.residentBytes! > 0);
    assert(usage.userSeconds + usage.systemSeconds > 0);
  });
});

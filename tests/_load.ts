/**
 * Loads the file of tests that the runner names, and tells the runner of errors
 * that are no test's: Deno passes over what a file throws after its first
 * `node:test`, and over errors that nobody catches.
 */
import process from "node:process";
import { inspect } from "node:util";
import { WHOLE_FILE } from "../tools/test_report.ts";
import { report } from "./_suite.ts";

function fail(error: unknown): void {
  report({ name: WHOLE_FILE, state: "failed", reason: inspect(error) });
}

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
// Only by this event Deno tells of rejections while a file loads.
globalThis.addEventListener?.(
  "unhandledrejection",
  ({ reason }) => fail(reason),
);
report({ name: WHOLE_FILE, state: "running" });
try {
  await import(process.env.TEST_FILE!);
  report({ name: WHOLE_FILE, state: "passed" });
} catch (error) {
  fail(error);
  throw error;
}

import { assertEquals } from "@std/assert";
import {
  compareNames,
  parseExamples,
  parseReport,
} from "../../tools/test_report.ts";
import { test } from "../_suite.ts";

test("parseReport() yields the last state of each test", () => {
  const lines = [
    { name: "a", state: "declared" },
    { name: "b", state: "skipped", reason: "no server" },
    { name: "a", state: "running" },
    { name: "a", state: "failed", reason: "no" },
  ];
  const report = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  assertEquals<unknown>(parseReport(report), [lines[3], lines[1]]);
  assertEquals(parseReport(""), []);
});

test("parseReport() passes over a line that was cut off", () => {
  const report = '{"name":"a","state":"running"}\n{"name":"a","sta';
  assertEquals(parseReport(report), [{ name: "a", state: "running" }]);
});

test("parseExamples() reads what Deno prints of examples", () => {
  const log = `Check README.md$29-40.ts
running 1 test from ./README.md$29-40.ts
file:///p/README.md$29-40.ts ... ok (12ms)
file:///p/mod.ts$3-9.ts ... FAILED (1ms)
file:///p/mod.ts$13-19.ts ... ignored (0ms)
ok | 1 passed | 1 failed | 1 ignored (1s)
`;
  assertEquals(parseExamples(log).map(({ name, state }) => [name, state]), [
    ["file:///p/README.md$29-40.ts", "passed"],
    ["file:///p/mod.ts$3-9.ts", "failed"],
    ["file:///p/mod.ts$13-19.ts", "skipped"],
  ]);
});

test("compareNames() tells which tests a run lacks", () => {
  assertEquals(
    compareNames(new Map([["x", ["a", "b"]], ["y", ["b", "a"]]])),
    [],
  );
  assertEquals(
    compareNames(new Map([["x", ["a", "b", "c"]], ["y", ["b"]], ["z", []]])),
    [
      "on y: it lacks tests: a; c",
      "on z: it lacks tests: a; b; c",
    ],
  );
});

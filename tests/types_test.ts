import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import ts from "typescript";
import { test } from "./_suite.ts";

const FIXTURES = join(import.meta.dirname!, "fixtures");

test("types let right uses compile and refuse wrong ones", async () => {
  // The error's message has its findings.
  await promisify(execFile)(process.execPath, [
    "check",
    join(FIXTURES, "types.ts"),
  ]);
});

test("types let legacy decorators compile, and refuse wrong ones", () => {
  const file = join(FIXTURES, "decorated_legacy_types.ts");
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    experimentalDecorators: true,
    allowImportingTsExtensions: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts"],
    types: [],
  });
  const messages = ts.getPreEmitDiagnostics(program).map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, "\n")
  );
  assertEquals(messages, []);
  assertEquals(program.getSourceFile(file) !== undefined, true);
});

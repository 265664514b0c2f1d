/** Compiles fixtures that use decorators, which Node does not have. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { runtimeName } from "../src/runtime/detect.ts";

const FIXTURES = join(import.meta.dirname!, "fixtures");

/** The kinds of decorators; `native` leaves them to the runtime. */
export type DecoratorKind = "native" | "tc39" | "legacy";

/** The kinds of decorators. */
export const DECORATOR_KINDS: readonly DecoratorKind[] = [
  "native",
  "tc39",
  "legacy",
];

/** The reason that this runtime cannot be given a kind, if there is one. */
export function cannotDecorate(kind: DecoratorKind): string | undefined {
  if (kind !== "native" || runtimeName() !== "node") return undefined;
  return "Node has no decorators";
}

/** Imports a fixture, compiled with decorators of a kind. */
export async function importFixture<Module>(
  file: string,
  kind: DecoratorKind,
): Promise<Module> {
  const path = join(FIXTURES, file);
  if (kind === "native") return await import(pathToFileURL(path).href);
  const { outputText } = ts.transpileModule(await readFile(path, "utf8"), {
    fileName: path,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: kind === "legacy",
    },
  });
  // A fixture imports types alone, so that there is nothing to require.
  const exports = {} as Module;
  new Function("exports", outputText)(exports);
  return exports;
}

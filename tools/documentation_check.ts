/**
 * Checks the documentation by what JSR's score looks at, and more strictly: every
 * entry point and every exported symbol is documented, functions and classes by an
 * example as well. That the examples run is for `deno test --doc` to show, and for
 * `deno doc --lint` that members and parameters are documented.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./files.ts";
import { readManifest } from "./published.ts";

/** The output of `deno doc --json`, as far as it is read. */
interface Documentation {
  nodes: Record<string, {
    module_doc?: JsDoc;
    symbols: { name: string; declarations: Declaration[] }[];
  }>;
}

interface JsDoc {
  doc?: string;
  tags?: { kind: string }[];
}

interface Declaration {
  declarationKind: string;
  kind: string;
  jsDoc?: JsDoc;
  def?: { hasBody?: boolean };
}

/** The kinds of symbols whose use is not obvious without an example. */
const USED: readonly string[] = ["class", "function", "variable"];

const hasText = (jsDoc: JsDoc | undefined) => Boolean(jsDoc?.doc);
const hasExample = (jsDoc: JsDoc | undefined) =>
  jsDoc?.tags?.some(({ kind }) => kind === "example") ?? false;

async function read(path: string): Promise<Documentation> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", path],
    cwd: ROOT,
  }).output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  throw new Error(new TextDecoder().decode(stderr));
}

const { exports } = await readManifest();
const missing: string[] = [];
const symbols = new Set<string>();
for (const [entry, path] of Object.entries(exports)) {
  const [module] = Object.values((await read(path)).nodes);
  if (!hasText(module.module_doc)) missing.push(`${entry}: a description`);
  if (!hasExample(module.module_doc)) missing.push(`${entry}: an example`);
  for (const { name, declarations } of module.symbols) {
    const exported = declarations
      .filter(({ declarationKind }) => declarationKind !== "private");
    if (exported.length === 0 || symbols.has(name)) continue;
    symbols.add(name);
    // The implementation of overloads is not exported.
    const docs = exported
      .filter(({ def }) => exported.length === 1 || !def?.hasBody)
      .map(({ jsDoc }) => jsDoc);
    if (!docs.every(hasText)) missing.push(`${name}: a description`);
    const isUsed = exported.some(({ kind }) => USED.includes(kind));
    if (isUsed && !docs.every(hasExample)) missing.push(`${name}: an example`);
  }
}
const readme = await readFile(join(ROOT, "README.md"), "utf8");
if (!readme.includes("```ts")) missing.push("README.md: an example");

const entries = Object.keys(exports).length;
console.log(
  `${symbols.size} symbols of ${entries} entry points are documented`,
);
for (const each of missing) console.error(`Missing in ${each}`);
if (missing.length > 0) Deno.exitCode = 1;

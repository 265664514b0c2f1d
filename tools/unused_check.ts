/**
 * Fails on what nothing uses: files, exports and types, by knip, and
 * dependencies in deno.json.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findFiles, ROOT } from "./files.ts";
import { importsOf } from "./published.ts";

const { success } = await new Deno.Command(Deno.execPath(), {
  args: [
    ...["run", "-A", "npm:knip", "--no-progress"],
    // The dependencies are in deno.json, which it does not read.
    ...["--include", "files,exports,types,duplicates"],
  ],
  cwd: ROOT,
  stdout: "inherit",
  stderr: "inherit",
}).spawn().status;

const sources = await findFiles(
  "{mod.ts,{src,tests,tools,bench,examples}/**/*.{ts,mjs}}",
  [],
);
const imported = new Set<string>();
for (const source of sources) {
  const text = await readFile(join(ROOT, source), "utf8");
  for (const { fileName } of importsOf(text)) imported.add(fileName);
}
const { imports }: { imports: Record<string, string> } = JSON.parse(
  await readFile(join(ROOT, "deno.json"), "utf8"),
);
const unused = Object.keys(imports).filter((name) => !isUsed(name));
for (const name of unused) console.error(`Nothing imports "${name}"`);
if (!success || unused.length > 0) Deno.exitCode = 1;

function isUsed(name: string): boolean {
  // The command above.
  if (name === "knip") return true;
  // The types of what has none of its own.
  const typed = name.replace("@types/", "");
  return [...imported].some((specifier) =>
    specifier === typed || specifier.startsWith(`${typed}:`) ||
    name.endsWith("/") && specifier.startsWith(name)
  );
}

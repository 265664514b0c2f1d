/**
 * Prints what the package weighs, and what it brings along: the sentence that
 * the README has. `--check` fails if that says something else.
 */
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "./files.ts";
import { dependenciesOf, jsrForm } from "./published.ts";

interface Lock {
  npm: Record<string, { dependencies?: string[] }>;
}

/** Finds the packages of npm that some of them need. */
async function needsOf(names: readonly string[]): Promise<Set<string>> {
  const { npm }: Lock = JSON.parse(
    await readFile(join(ROOT, "deno.lock"), "utf8"),
  );
  const needs = new Set<string>();
  const visit = (name: string) => {
    const key = Object.keys(npm).find((key) => key.startsWith(`${name}@`));
    if (key === undefined) throw new Error(`deno.lock lacks ${name}`);
    for (const specifier of npm[key].dependencies ?? []) {
      const need = specifier.replace(/(?!^)@.*$/, "");
      if (needs.has(need)) continue;
      needs.add(need);
      visit(need);
    }
  };
  names.forEach(visit);
  return needs;
}

/** How many bytes a module and all that it imports take in a bundle. */
async function bundleBytes(path: string): Promise<number> {
  const { outputFiles: [{ contents }] } = await build({
    entryPoints: [join(ROOT, path)],
    bundle: true,
    format: "esm",
    minify: true,
    write: false,
  });
  return contents.length;
}

/** How many bytes of a module are comments that have lines of their own. */
function commentBytes(source: string): number {
  const comments = source.match(/^\s*(\/\*[^]*?\*\/|\/\/.*$)/gm) ?? [];
  return comments.join("").length;
}

const kB = (bytes: number, step: number) =>
  `${Math.round(bytes / 1000 / step) * step} kB`;

const { files } = await jsrForm();
const bytes = files.values().reduce((sum, { length }) => sum + length, 0);
const comments = files.entries()
  .filter(([path]) => path.endsWith(".ts"))
  .map(([, bytes]) => commentBytes(new TextDecoder().decode(bytes)))
  .reduce((sum, each) => sum + each, 0);
const wrappers = await bundleBytes("src/wrappers/mod.ts");
const dependencies = await dependenciesOf();
const ofNpm = dependencies.filter((name) => !name.startsWith("@std/"));
const needs = await needsOf(ofNpm);
const list = dependencies.map((name) => `\`${name}\``).join(", ");

const sentence = `The package weighs ${kB(bytes, 50)}, of which ` +
  `${kB(comments, 50)} are comments; its wrappers, bundled and minified, ` +
  `${kB(wrappers, 1)}. It has ${dependencies.length} dependencies: ${list}. ` +
  `Those of npm bring ${needs.size} more.`;
console.log(sentence);

if (process.argv.includes("--check")) {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  if (!readme.replaceAll(/\s+/g, " ").includes(sentence)) {
    console.error("README.md says something else");
    process.exitCode = 1;
  }
}
// The bundler's process would keep this one alive.
process.exit();

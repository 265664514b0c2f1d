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

/** Packages that applications bring. */
const CLIENTS = ["prom-client", "@prometheus-io/client"];

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

/** How many bytes an export and all that it needs take in a bundle. */
async function bundleBytes(path: string, name = "*"): Promise<number> {
  const { outputFiles: [{ contents }] } = await build({
    stdin: {
      contents: `export ${
        name === "*" ? name : `{ ${name} }`
      } from "./${path}"`,
      resolveDir: ROOT,
    },
    bundle: true,
    format: "esm",
    minify: true,
    platform: "node",
    external: CLIENTS,
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
const server = await bundleBytes("src/server/mod.ts", "startHttpServer");
const dependencies = await dependenciesOf();
const ofNpm = dependencies.filter((name) => !name.startsWith("@std/"));
const needs = await needsOf(ofNpm);
const list = dependencies.map((name) => `\`${name}\``).join(", ");

const sentence = `The package weighs ${kB(bytes, 50)}, of which ` +
  `${kB(comments, 50)} are comments; its wrappers, bundled and minified, ` +
  `${kB(wrappers, 1)}, \`startHttpServer\` ${
    kB(server, 5)
  }. It has ${dependencies.length} dependencies: ${list}. ` +
  `Those of npm bring ${needs.size} more.`;
console.log(sentence);

/** The most that a server may be, for functions and edge programs to take it. */
const MAX_SERVER_BYTES = 120_000;

if (process.argv.includes("--check")) {
  if (server > MAX_SERVER_BYTES) {
    console.error(`startHttpServer may be ${kB(MAX_SERVER_BYTES, 1)} at most`);
    process.exitCode = 1;
  }
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  if (!readme.replaceAll(/\s+/g, " ").includes(sentence)) {
    console.error("README.md says something else");
    process.exitCode = 1;
  }
}
// The bundler's process would keep this one alive.
process.exit();

/**
 * The package in the forms in which its users get it, made of the sources as
 * JSR does: with rewritten imports for Deno, and as JavaScript with declarations
 * for npm. Runs on all runtimes.
 */
import { glob, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import ts from "typescript";
import { ROOT } from "./files.ts";
import type { JsrPackage } from "./jsr_registry.ts";

/** The part of jsr.json that is read. */
interface Manifest {
  name: string;
  version: string;
  exports: Record<string, string>;
  imports: Record<string, string>;
  publish: { include: string[] };
}

/**
 * Packages that are imported where the application has them: JSR leaves their
 * names as they are.
 */
const OPTIONAL = ["@prometheus-io/client"];

/** Reads jsr.json. */
export async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(ROOT, "jsr.json"), "utf8"));
}

/** Makes the form that Deno imports: the sources, their bare imports resolved. */
export async function jsrForm(): Promise<JsrPackage> {
  const { name, version, exports, imports, publish } = await readManifest();
  const files: JsrPackage["files"] = new Map();
  for (const pattern of publish.include) {
    for await (const path of glob(pattern, { cwd: ROOT })) {
      const bytes = await readFile(join(ROOT, path));
      const content = path.endsWith(".ts")
        ? new TextEncoder().encode(
          rewriteImports(
            bytes.toString(),
            ".ts",
            (specifier) =>
              OPTIONAL.includes(specifier)
                ? specifier
                : published(imports, specifier),
          ),
        )
        : bytes;
      files.set(`/${path}`, content);
    }
  }
  return { name, version, exports, files };
}

/** Writes the form that npm installs into a folder. */
export async function writeNpmForm(folder: string): Promise<void> {
  const { name, version, exports, imports } = await readManifest();
  const dependencies: Record<string, string> = {};
  const bare = (specifier: string) => {
    if (OPTIONAL.includes(specifier)) return specifier;
    const target = npmTarget(published(imports, specifier));
    dependencies[target.name] = target.range;
    return target.name + target.path;
  };
  const modules = await modulesOf(Object.values(exports));
  for (const [path, source] of modules) {
    const options = { fileName: path, compilerOptions: COMPILER_OPTIONS };
    const code = ts.transpileModule(source, options);
    await writeFileIn(
      folder,
      path.replace(/\.ts$/, ".js"),
      rewriteImports(code.outputText, ".js", bare),
    );
    const declarations = ts.transpileDeclaration(source, options);
    requireNoErrors(declarations.diagnostics ?? []);
    await writeFileIn(
      folder,
      join("_dist", path.replace(/\.ts$/, ".d.ts")),
      rewriteImports(declarations.outputText, ".d.ts", bare),
    );
  }
  const entries = Object.entries(exports).map(([entry, path]) => [entry, {
    types: path.replace(/^\.\/(.*)\.ts$/, "./_dist/$1.d.ts"),
    default: path.replace(/\.ts$/, ".js"),
  }]);
  await writeFileIn(
    folder,
    "package.json",
    JSON.stringify({
      name: npmName(name),
      version,
      type: "module",
      exports: Object.fromEntries(entries),
      dependencies,
    }),
  );
}

/** Names the packages that are imported from what is published. */
export async function dependenciesOf(): Promise<string[]> {
  const { exports, imports } = await readManifest();
  const names = new Set<string>();
  for (const source of (await modulesOf(Object.values(exports))).values()) {
    for (const { fileName } of importsOf(source)) {
      if (/^(\.|node:)/.test(fileName)) continue;
      if (OPTIONAL.includes(fileName)) continue;
      names.add(takeApart(published(imports, fileName)).name);
    }
  }
  return [...names].sort();
}

/** Writes a package of JavaScript as JSR's npm registry has it. */
export async function writeNpmPackage(
  { name, version, exports, files }: JsrPackage,
  folder: string,
): Promise<void> {
  for (const [path, bytes] of files) await writeFileIn(folder, path, bytes);
  const manifest = { name: npmName(name), version, type: "module", exports };
  await writeFileIn(folder, "package.json", JSON.stringify(manifest));
}

/** The name that a package of JSR has in its npm registry. */
export function npmName(name: string): string {
  return `@jsr/${name.slice(1).replace("/", "__")}`;
}

export const COMPILER_OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ESNext,
  declaration: true,
  isolatedDeclarations: true,
  verbatimModuleSyntax: true,
  newLine: ts.NewLineKind.LineFeed,
};

/** The modules that are reached from some, with their sources, by their paths. */
export async function modulesOf(
  entries: readonly string[],
): Promise<Map<string, string>> {
  const modules = new Map<string, string>();
  const visit = async (path: string) => {
    if (modules.has(path)) return;
    const source = await readFile(join(ROOT, path), "utf8");
    modules.set(path, source);
    for (const { fileName } of importsOf(source)) {
      if (!fileName.startsWith(".")) continue;
      await visit(posix.join(posix.dirname(path), fileName));
    }
  };
  for (const entry of entries) await visit(posix.normalize(entry));
  return modules;
}

/**
 * Replaces the specifiers of a module's imports and exports, dynamic ones too.
 *
 * @param extension What relative ones end with then.
 * @param bare Makes what takes the place of any other but a runtime's own.
 */
export function rewriteImports(
  source: string,
  extension: string,
  bare: (specifier: string) => string,
): string {
  let rewritten = source;
  // From the last to the first, so that the positions before stay right.
  for (const { fileName, pos } of importsOf(source).reverse()) {
    if (fileName.startsWith("node:")) continue;
    const start = pos + 1;
    const specifier = fileName.startsWith(".")
      ? fileName.replace(/\.ts$/, extension)
      : bare(fileName);
    rewritten = rewritten.slice(0, start) + specifier +
      rewritten.slice(start + fileName.length);
  }
  return rewritten;
}

/** The imports and exports of a module that name another, in their order. */
export function importsOf(source: string): ts.FileReference[] {
  return ts.preProcessFile(source).importedFiles
    .toSorted((a, b) => a.pos - b.pos);
}

/**
 * Checks that TypeScript has found nothing.
 *
 * @throws {Error} With what it has found.
 */
export function requireNoErrors(diagnostics: readonly ts.Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  throw new Error(ts.formatDiagnostics(diagnostics, {
    getCanonicalFileName: (file) => file,
    getCurrentDirectory: () => ROOT,
    getNewLine: () => "\n",
  }));
}

/** The published form of a bare specifier. */
function published(
  imports: Readonly<Record<string, string>>,
  specifier: string,
): string {
  const target = imports[specifier];
  if (target === undefined) {
    throw new Error(
      `Cannot publish an import of "${specifier}": not in jsr.json`,
    );
  }
  return target;
}

/** A package, or a part of one, as jsr.json names it. */
interface Target {
  readonly registry: string;
  readonly name: string;
  readonly range: string;
  /** Its path, from the slash on. */
  readonly path: string;
}

/** Takes apart what stands in jsr.json: `npm:name@range/path`, or `jsr:`. */
function takeApart(target: string): Target {
  const match = /^(npm|jsr):(@[^/]+\/[^@]+|[^@]+)@([^/]+)(.*)$/.exec(target);
  if (match === null) throw new Error(`Cannot take "${target}" apart`);
  const [, registry, name, range, path] = match;
  return { registry, name, range, path };
}

/** The same where everything is installed by npm. */
function npmTarget(target: string): Target {
  const parts = takeApart(target);
  return parts.registry === "jsr"
    ? { ...parts, name: npmName(parts.name) }
    : parts;
}

/** Writes a file by its path in a folder. */
export async function writeFileIn(
  folder: string,
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

/**
 * The package as npm's own registry is to have it: JavaScript with declarations
 * and source maps, without a dependency. Runs on all runtimes.
 */
import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import ts from "typescript";
import { ROOT } from "./files.ts";
import { stdPackages } from "./jsr_registry.ts";
import { lineMap } from "./line_map.ts";
import {
  COMPILER_OPTIONS,
  importsOf,
  modulesOf,
  readManifest,
  requireNoErrors,
  rewriteImports,
  writeFileIn,
} from "./published.ts";

/** Packages that an application may have; it needs one of the clients. */
const PEERS = {
  "@prometheus-io/client": ">=0.16 <2",
  "hono": ">=4.3",
  "prom-client": "^15",
};

/** The oldest versions that are tested. */
const ENGINES = { bun: ">=1.4", deno: ">=2.9", node: ">=22.18" };

/** The modules that are imported for what they do. */
const EFFECTS = ["./hash-password", "./register", "./thread-entry"];

/** Where the modules of others are. */
const VENDOR = "vendor";

/** Documents that are for people. */
const DOCUMENTS = ["LICENSE", "README.md", "CHANGELOG.md"];

/**
 * Writes the files that are packed into a folder.
 *
 * @param repository The URL of the repository: npm shows by whom a package was built
 * only if it names where that was.
 */
export async function writeNpmRelease(
  folder: string,
  repository?: string,
): Promise<void> {
  const { name, version, exports } = await readManifest();
  const vendored = await writeVendored(folder);
  const modules = await modulesOf(Object.values(exports));
  for (const [path, source] of modules) {
    const bare = (specifier: string): string => {
      if (Object.hasOwn(PEERS, specifier)) return specifier;
      const found = vendored.get(specifier);
      if (found === undefined) throw new Error(`Cannot pack "${specifier}"`);
      return posix.relative(posix.dirname(path), found);
    };
    const target = path.replace(/\.ts$/, "");
    const options = { fileName: path, compilerOptions: OPTIONS };
    const { outputText, sourceMapText } = ts.transpileModule(source, options);
    await writeFileIn(
      folder,
      `${target}.js`,
      rewriteImports(outputText, ".js", bare),
    );
    const map = lineMap(sourceMapText!, posix.basename(path));
    await writeFileIn(folder, `${target}.js.map`, map);
  }
  const declarations = await declarationsOf(Object.values(exports));
  for (const [path, text] of declarations) {
    await writeFileIn(folder, path, text);
  }
  for (const path of DOCUMENTS) {
    await writeFileIn(folder, path, await readFile(join(ROOT, path), "utf8"));
  }
  await writeFileIn(
    folder,
    "package.json",
    JSON.stringify(
      {
        name,
        version,
        description:
          "Prometheus metrics for asynchronous JavaScript, on Deno, Bun and Node",
        keywords: ["prometheus", "metrics", "monitoring", "promise"],
        // The second one is of what is in `vendor`.
        license: "Apache-2.0 AND MIT",
        ...repository !== undefined && {
          repository: { type: "git", url: `git+${repository}.git` },
        },
        type: "module",
        exports: {
          ...Object.fromEntries(
            Object.entries(exports).map(([entry, path]) => [entry, {
              types: path.replace(/\.ts$/, ".d.ts"),
              default: path.replace(/\.ts$/, ".js"),
            }]),
          ),
          "./package.json": "./package.json",
        },
        sideEffects: EFFECTS.map((entry) =>
          exports[entry].replace(/\.ts$/, ".js")
        ),
        engines: ENGINES,
        peerDependencies: PEERS,
        peerDependenciesMeta: Object.fromEntries(
          Object.keys(PEERS).map((peer) => [peer, { optional: true }]),
        ),
      },
      undefined,
      2,
    ),
  );
}

/** Comments are in the declarations. */
const OPTIONS: ts.CompilerOptions = {
  ...COMPILER_OPTIONS,
  removeComments: true,
  sourceMap: true,
};

/** The declarations that are reached from some modules, by their paths. */
async function declarationsOf(
  entries: readonly string[],
): Promise<Map<string, string>> {
  const declarations = new Map<string, string>();
  const visit = async (path: string) => {
    const target = path.replace(/\.ts$/, ".d.ts");
    if (declarations.has(target)) return;
    const source = await readFile(join(ROOT, path), "utf8");
    const { outputText, diagnostics = [] } = ts.transpileDeclaration(source, {
      fileName: path,
      compilerOptions: COMPILER_OPTIONS,
    });
    requireNoErrors(diagnostics);
    const same = (specifier: string) => specifier;
    declarations.set(target, rewriteImports(outputText, ".js", same));
    for (const { fileName } of importsOf(outputText)) {
      if (!fileName.startsWith(".")) continue;
      await visit(posix.join(posix.dirname(path), fileName));
    }
  };
  for (const entry of entries) await visit(posix.normalize(entry));
  return declarations;
}

/**
 * Writes the modules of others, with their licence, since packages of npm cannot
 * depend on those of JSR.
 *
 * @returns The paths of their entries, by their specifiers.
 */
async function writeVendored(folder: string): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  for (const { name, exports, files } of await stdPackages()) {
    const root = `${VENDOR}/${name}`;
    for (const [path, bytes] of files) {
      await writeFileIn(folder, root + path, bytes);
    }
    await writeFileIn(folder, `${root}/LICENSE`, MIT);
    for (const [entry, path] of Object.entries(exports)) {
      entries.set(posix.join(name, entry), posix.join(root, path));
    }
  }
  return entries;
}

/** The licence of the standard library, and of what that has adapted. */
const MIT = `The MIT License

Copyright 2018-2026 the Deno authors
Copyright 2012-2014 Federico Romero
Copyright 2012-2014 Isaac Z. Schlueter
Copyright 2014-2015 Douglas Christopher Wilson

Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in the
Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software,
and to permit persons to whom the Software is furnished to do so, subject to the
following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED,
INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A
PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT
HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE
OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

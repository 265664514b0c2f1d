/**
 * A user's project that has the package as it will be published: imported from
 * a JSR registry on Deno, installed by npm in its npm form on Bun and Node.
 */
import { execFile } from "node:child_process";
import {
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import ts from "typescript";
import { runtimeName } from "../../../src/runtime/detect.ts";
import {
  honoPackage,
  startJsrRegistry,
  stdPackages,
} from "../../../tools/jsr_registry.ts";
import { ROOT } from "../../../tools/files.ts";
import { npm } from "../../../tools/npm.ts";
import {
  jsrForm,
  npmName,
  requireNoErrors,
  writeNpmForm,
  writeNpmPackage,
} from "../../../tools/published.ts";
import type { ClientName } from "../../_client.ts";
import { DEADLINE_MS } from "../../_suite.ts";
import { madeOnce } from "../../_made_once.ts";

const run = promisify(execFile);

/** A project with the package and a client. */
export interface Project {
  /** Its folder; in the npm form it has a `node_modules`. */
  readonly folder: string;
  /**
   * Runs a program in it, on Deno with the permissions given and no others, and
   * yields what it prints.
   */
  run(source: string, ...permissions: string[]): Promise<string>;
  /**
   * Makes one file of a program, by `deno compile`, and yields what that prints;
   * only on Deno.
   */
  compile?(source: string, ...permissions: string[]): Promise<string>;
  /** Runs what `deno bundle` makes of a program; only on Deno. */
  bundle?(source: string, ...permissions: string[]): Promise<string>;
  /**
   * Checks a program's types strictly, on Bun and Node as TypeScript does for
   * bundlers and for Node.
   *
   * @throws {Error} If it has type errors, with their messages.
   */
  check(source: string): Promise<void>;
  /** Removes it. */
  remove(): Promise<void>;
}

/** The contents of a project besides the package. */
export interface ProjectOptions {
  /**
   * The client package that it has.
   *
   * @default {"prom-client"}
   */
  client?: ClientName;
  /**
   * The version of Hono that it has: the one of development, on Deno from JSR, or
   * another one from npm.
   *
   * @default {undefined} None.
   */
  hono?: "pinned" | `${number}.${number}.${number}`;
  /** The versions of further packages from npm. */
  npm?: Readonly<Record<string, string>>;
}

/** Makes a project; the caller removes it. */
export async function createProject(
  options: ProjectOptions = {},
): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-async-project-"));
  const remove = () => rm(folder, { recursive: true });
  try {
    return runtimeName() === "deno"
      ? await denoProject(folder, options, remove)
      : await npmProject(folder, options, remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

const PACKAGE = "@prometheus-async/prometheus-async";

/** The version of a package that development pins: `npm:name@version`. */
async function pinned(name: string): Promise<string> {
  const manifest = await readFile(join(ROOT, "deno.json"), "utf8");
  return JSON.parse(manifest).imports[name];
}

async function denoProject(
  folder: string,
  { client = "prom-client", hono: honoVersion, npm = {} }: ProjectOptions,
  remove: () => Promise<void>,
): Promise<Project> {
  const own = await jsrForm();
  const hono = honoVersion === "pinned" ? [await honoPackage()] : [];
  const [honoFromJsr] = hono.map(({ name, version }) =>
    `jsr:${name}@${version}`
  );
  const honoSpecifier = honoFromJsr ??
    (honoVersion && `npm:hono@${honoVersion}`);
  await writeFile(
    join(folder, "deno.json"),
    JSON.stringify({
      imports: {
        [PACKAGE]: `jsr:${PACKAGE}@^${own.version}`,
        [client]: await pinned(client),
        ...honoSpecifier && { hono: honoSpecifier },
        ...Object.fromEntries(
          Object.entries(npm)
            .map(([name, version]) => [name, `npm:${name}@${version}`]),
        ),
      },
    }),
  );
  const packages = [own, ...await stdPackages(), ...hono];
  const registry = await startJsrRegistry(packages);
  const deno = async (source: string, command: string[]) => {
    const file = join(folder, "main.ts");
    await writeFile(file, source);
    const { stdout } = await run(process.execPath, [...command, file], {
      cwd: folder,
      // The registry's port, and with it every URL, is a new one: a cache of
      // its own, which goes with the project.
      env: {
        ...process.env,
        NO_COLOR: "1",
        JSR_URL: registry.url,
        DENO_DIR: join(folder, ".deno"),
      },
      timeout: DEADLINE_MS,
    });
    return stdout;
  };
  return {
    folder,
    run: (source, ...permissions) =>
      deno(source, ["run", "--no-prompt", ...permissions]),
    async compile(source, ...permissions) {
      const program = join(folder, "program");
      await deno(source, ["compile", ...permissions, "--output", program]);
      return (await run(program, [], { cwd: folder, timeout: DEADLINE_MS }))
        .stdout;
    },
    async bundle(source, ...permissions) {
      const file = join(folder, "bundle.js");
      await deno(source, ["bundle", "--output", file]);
      const bundled = await readFile(file, "utf8");
      return await deno(bundled, ["run", "--no-prompt", ...permissions]);
    },
    check: async (source) => void await deno(source, ["check"]),
    async remove() {
      await registry[Symbol.asyncDispose]();
      await remove();
    },
  };
}

async function npmProject(
  folder: string,
  options: ProjectOptions,
  remove: () => Promise<void>,
): Promise<Project> {
  const installed = await madeOnce(
    `project ${JSON.stringify(options)}`,
    (path) => install(path, options),
  );
  await symlink(join(installed, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  return {
    folder,
    async run(source) {
      const file = join(folder, "main.mjs");
      await writeFile(file, source);
      const { stdout } = await run(process.execPath, [file], {
        cwd: folder,
        timeout: DEADLINE_MS,
      });
      return stdout;
    },
    async check(source) {
      const file = join(folder, "main.ts");
      await writeFile(file, source);
      for (
        const [module, moduleResolution] of [
          [ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
          [ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
        ] as const
      ) {
        requireNoErrors(ts.getPreEmitDiagnostics(ts.createProgram([file], {
          module,
          moduleResolution,
          strict: true,
          noEmit: true,
          // Declarations import each other as `.d.ts`, as JSR makes them, which
          // is an error within them, not in what uses them.
          skipLibCheck: true,
          target: ts.ScriptTarget.ES2023,
          lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
          types: [],
        })));
      }
    },
    remove,
  };
}

/** Installs what a project has, as npm does it from a registry. */
async function install(
  folder: string,
  { client = "prom-client", hono, npm: further }: ProjectOptions,
): Promise<void> {
  const dependencies: Record<string, string> = { ...further };
  for (const name of hono === "pinned" ? [client, "hono"] : [client]) {
    const specifier = await pinned(name);
    dependencies[name] = specifier.slice(specifier.lastIndexOf("@") + 1);
  }
  if (hono) dependencies.hono ??= hono;
  const add = async (
    name: string,
    alias: string,
    write: (path: string) => Promise<void>,
  ) => {
    const path = join(folder, ".packages", npmName(name));
    await mkdir(path, { recursive: true });
    await write(path);
    dependencies[alias] = `file:${path}`;
  };
  await add(PACKAGE, PACKAGE, writeNpmForm);
  for (const std of await stdPackages()) {
    await add(
      std.name,
      npmName(std.name),
      (path) => writeNpmPackage(std, path),
    );
  }
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ type: "module", dependencies }),
  );
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  // Copies of packages rather than links to them, as from a registry.
  const copied = ["--install-links", "--prefer-offline"];
  await npm(folder, "install", ...copied, ...quiet);
}

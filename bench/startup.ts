/**
 * Imports, and the first answer of a server, each in a process that has imported
 * nothing yet. Of imports the bytes are counted as well, without modules that are
 * imported only when they are needed. On Deno these are the sources with their
 * comments, on Bun and Node the form that npm installs.
 */
import { build, type Metafile } from "esbuild";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runtimeName } from "../src/runtime/detect.ts";
import { runBeside } from "./_beside.ts";
import { packageFolder } from "./_package_folder.ts";
import { type Cases, compare } from "./_harness.ts";

/** The entry points, as their modules are called without an extension. */
const ENTRIES: Readonly<Record<string, string>> = {
  "./wrappers": "src/wrappers/mod",
  "./exposition": "src/exposition/mod",
  "./server": "src/server/mod",
  "./thread": "src/thread/mod",
  "./discovery": "src/discovery/mod",
  "./http": "src/http/mod",
  "./hono": "src/hono/mod",
  "./runtime-metrics": "src/runtime_metrics/mod",
  "all of them but ./hono": "mod",
};

/** Other packages. */
const OTHERS = ["prom-client", "@prometheus-io/client", "hono"];
const OPEN_TELEMETRY = [
  "@opentelemetry/sdk-metrics",
  "@opentelemetry/exporter-prometheus",
];

const EMPTY = "empty.mjs";

const extension = runtimeName() === "deno" ? ".ts" : ".js";

/** The modules that are imported, by their names. */
async function modules(): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "prometheus-async-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true }));
  const write = (name: string, source: string) => {
    const path = join(folder, name);
    writeFileSync(path, source);
    return pathToFileURL(path).href;
  };
  const own = await packageFolder();
  const imports = OPEN_TELEMETRY.map((name) =>
    `export * from ${
      JSON.stringify(fileURLToPath(import.meta.resolve(name)))
    };\n`
  );
  return {
    "an empty module": write(EMPTY, ""),
    ...Object.fromEntries(
      Object.entries(ENTRIES).map(([name, path]) => [
        name,
        pathToFileURL(join(own, path + extension)).href,
      ]),
    ),
    ...Object.fromEntries(
      OTHERS.map((name) => [name, import.meta.resolve(name)]),
    ),
    "OpenTelemetry": write("open_telemetry.mjs", imports.join("")),
  };
}

/** Measures each of the modules. */
async function measuring(
  measure: (url: string) => Promise<number>,
): Promise<Cases> {
  return Object.fromEntries(
    Object.entries(await modules()).map(([name, url]) => [
      name,
      () => measure(url),
    ]),
  );
}

/** Runs one of the programs beside this in a new process; yields what it prints. */
async function printed<Printed>(
  program: string,
  ...given: string[]
): Promise<Printed> {
  return JSON.parse(
    await runBeside(new URL(program, import.meta.url), ...given),
  );
}

/** How long that takes, in nanoseconds. */
async function nsToImport(url: string): Promise<number> {
  const { ms, exports } = await printed<{ ms: number; exports: number }>(
    "./_import.mjs",
    url,
  );
  if (exports === 0 && !url.endsWith(EMPTY)) throw new Error(`no ${url}`);
  return ms * 1e6;
}

/** How many bytes the modules have that an import reads. */
async function bytesOf(url: string): Promise<number> {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(url)],
    bundle: true,
    format: "esm",
    platform: "node",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const [entry] = Object.values(metafile.outputs);
  return staticBytes(metafile, entry.entryPoint!);
}

/** Sums up what is reached without a dynamic import. */
function staticBytes({ inputs }: Metafile, entry: string): number {
  const seen = new Set<string>();
  const visit = (path: string): number => {
    if (seen.has(path) || inputs[path] === undefined) return 0;
    seen.add(path);
    const { bytes, imports } = inputs[path];
    return imports
      .filter(({ kind }) => kind !== "dynamic-import")
      .reduce((sum, { path }) => sum + visit(path), bytes);
  };
  return visit(entry);
}

/** How long the first answer takes, in nanoseconds. */
async function nsToAnswer(
  url: string,
  ...start: string[]
): Promise<number> {
  const client = import.meta.resolve("prom-client");
  const { ms, isRight } = await printed<{ ms: number; isRight: boolean }>(
    "./_first_answer.mjs",
    client,
    url,
    ...start,
  );
  if (!isRight) throw new Error("it answers something else");
  return ms * 1e6;
}

/** The ways to serve, each in a process of its own. */
async function answering(): Promise<Cases> {
  const own = await packageFolder();
  const of = (name: string) =>
    pathToFileURL(join(own, `src/${name}/mod${extension}`)).href;
  return {
    "prom-client, behind the runtime's server": () => nsToAnswer(""),
    "startHttpServer()": () => nsToAnswer(of("server"), "startHttpServer"),
    "startHttpServerInThread()": () =>
      nsToAnswer(of("thread"), "startHttpServerInThread"),
  };
}

const sample = async (run: () => unknown) => await run() as number;

await compare([
  {
    name: "time to import",
    baseline: "prom-client",
    cases: () => measuring(nsToImport),
    async check(name, run) {
      if (!(await run() as number > 0)) throw new Error(`${name}: no time`);
    },
    sample,
  },
  {
    name: "time to the first answer of a process",
    baseline: "prom-client, behind the runtime's server",
    cases: answering,
    async check(name, run) {
      if (!(await run() as number > 0)) throw new Error(`${name}: no time`);
    },
    sample,
  },
  {
    name: "bytes that an import reads",
    unit: "B",
    baseline: "prom-client",
    cases: () => measuring(bytesOf),
    async check(name, run) {
      const isEmpty = name === "an empty module";
      if (await run() as number > 0 === isEmpty) throw new Error(name);
    },
    sample,
    maxRounds: 1,
  },
]);

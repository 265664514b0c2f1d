/**
 * Runs the test suites of the client packages with mirrors attached to all of
 * their registries, and without.
 *
 *     deno run -A tools/client_suites.ts [--seed NUMBER] FOLDER…
 *
 * Each FOLDER has the repository of `prom-client` or `@prometheus-io/client`; it
 * stays as it is. The tests run three times: without mirrors, with one that is
 * attached to each registry when it is made, and with mirrors that are attached
 * and closed between the statements of the tests, at moments that the seed
 * repeats. The tool fails if a test fails only with mirrors, or a mirror has
 * told an error.
 */
import { build, stop } from "esbuild";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import {
  cp,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { fail, ROOT } from "./files.ts";
import { npm } from "./npm.ts";
import { findRuntime } from "./runtimes.ts";
import type { HookOptions } from "./suite_hook.ts";
import type {
  MirrorMode,
  SuiteEvent,
  TransformOptions,
} from "./suite_transform.ts";

const run = promisify(execFile);

/** Waiting for a busy machine is no failure. */
const TEST_TIMEOUT_MS = 60_000;

/** The part of a package's manifest that is used. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly jest: Record<string, unknown>;
  readonly devDependencies: Record<string, string>;
}

/** The part of Jest's results that is used. */
interface JestResults {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** The outcome of one run of a suite. */
interface Outcome {
  readonly total: number;
  readonly passed: number;
  /** Why tests failed, by their names. */
  readonly failures: ReadonlyMap<string, string>;
  readonly events: readonly SuiteEvent[];
}

const { values: { seed: seedText }, positionals: folders } = readArguments();
const seed = seedText === undefined
  ? Math.floor(Math.random() * 1e6)
  : Number(seedText);
if (folders.length === 0 || !Number.isInteger(seed)) {
  fail("Cannot run suites: give folders of clients, and an integer for --seed");
}
const temporary = await mkdtemp(join(tmpdir(), "prometheus-async-suites-"));
try {
  const node = await findRuntime("node");
  await bundle("suite_hook", "suite_transform");
  for (const [at, folder] of folders.entries()) {
    const copy = join(temporary, `client${at}`);
    const manifest = await copyClient(resolve(folder), copy);
    console.log(
      `${manifest.name} ${manifest.version}, Node ${node.version}`,
    );
    const plain = await runSuite(node.path, copy, manifest);
    tell("without mirrors", plain);
    for (const mode of ["eager", "random"] as const) {
      const outcome = await runSuite(node.path, copy, manifest, mode);
      const name = mode === "random" ? `random, --seed ${seed}` : mode;
      tell(`with mirrors, ${name}`, outcome);
      if (!isAsGood(outcome, plain)) Deno.exitCode = 1;
    }
  }
} finally {
  await stop();
  await rm(temporary, { recursive: true, force: true });
}

function readArguments() {
  try {
    return parseArgs({
      args: Deno.args,
      allowPositionals: true,
      options: { seed: { type: "string" } },
    });
  } catch (error) {
    fail(`Cannot run suites: ${(error as Error).message}`);
  }
}

/** Bundles modules of this folder for Jest. */
async function bundle(...names: string[]): Promise<void> {
  await build({
    entryPoints: names.map((name) => join(ROOT, "tools", `${name}.ts`)),
    outdir: temporary,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    format: "cjs",
    // It is not used by what is bundled.
    external: ["prom-client"],
    logLevel: "error",
  });
}

/** Copies a client, with the packages that its tests need. */
async function copyClient(folder: string, copy: string): Promise<Manifest> {
  await cp(folder, copy, {
    recursive: true,
    filter: (path) => !/^(\.git|node_modules)$/.test(relative(folder, path)),
  });
  const path = join(copy, "package.json");
  const manifest: Manifest = JSON.parse(await readFile(path, "utf8"));
  const needed = ["jest", ...await requiredBy(join(copy, "test"))];
  const devDependencies = Object.fromEntries(
    Object.entries(manifest.devDependencies)
      .filter(([name]) => needed.includes(name)),
  );
  await writeFile(path, JSON.stringify({ ...manifest, devDependencies }));
  await npm(copy, "install", "--ignore-scripts", "--prefer-offline");
  return manifest;
}

/** Finds the names by which the files of a folder load modules. */
async function requiredBy(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith(".js")) continue;
    const text = await readFile(join(folder, file), "utf8");
    names.push(
      ...text.matchAll(/\brequire\('([^']+)'\)/g).map(([, name]) => name),
    );
  }
  return names;
}

async function runSuite(
  node: string,
  folder: string,
  { jest }: Manifest,
  mode?: MirrorMode,
): Promise<Outcome> {
  const name = mode ?? "plain";
  const output = join(folder, `${name}.json`);
  const events = join(folder, `${name}.jsonl`);
  await writeFile(events, "");
  const config = { ...jest, rootDir: folder, testTimeout: TEST_TIMEOUT_MS };
  if (mode !== undefined) {
    const options: HookOptions = { mode, seed, events };
    const hook = join(temporary, "suite_hook.cjs");
    const transform: TransformOptions = { folder, hook, options };
    Object.assign(config, {
      cacheDirectory: join(folder, ".cache", name),
      transform: {
        "\\.js$": [join(temporary, "suite_transform.cjs"), transform],
      },
      transformIgnorePatterns: ["/node_modules/", "\\.cjs$"],
    });
  }
  await run(node, [
    join(folder, "node_modules", "jest", "bin", "jest.js"),
    "--ci",
    "--silent",
    "--json",
    `--outputFile=${output}`,
    `--config=${JSON.stringify(config)}`,
  ], { cwd: folder, maxBuffer: 2 ** 30 }).catch((error) => {
    // Tests that fail end it with 1, and so does a configuration.
    if (error.code !== 1 || !existsSync(output)) throw error;
  });
  return outcomeOf(
    JSON.parse(await readFile(output, "utf8")),
    (await readFile(events, "utf8")).trim().split("\n").filter(Boolean)
      .map((line) => JSON.parse(line)),
    folder,
  );
}

function outcomeOf(
  { testResults }: JestResults,
  events: readonly SuiteEvent[],
  folder: string,
): Outcome {
  const failures = new Map<string, string>();
  let [total, passed] = [0, 0];
  for (const { name, message, assertionResults } of testResults) {
    const file = relative(folder, name);
    // A file that cannot be loaded has no tests.
    if (assertionResults.length === 0) failures.set(file, message);
    assertionResults.forEach(({ fullName, status, failureMessages }, at) => {
      if (status !== "passed" && status !== "failed") return;
      total++;
      if (status === "passed") passed++;
      // Tests may share a name.
      else {
        failures.set(
          `${file}: ${fullName} (${at})`,
          failureMessages.join("\n"),
        );
      }
    });
  }
  return { total, passed, failures, events };
}

function tell(name: string, { total, passed, events }: Outcome): void {
  console.log(`  ${name}: ${passed} of ${total} pass`);
  if (events.length === 0) return;
  const count = (filter: (event: SuiteEvent) => boolean) =>
    events.filter(filter).length;
  console.log(
    `    ${count(({ attached }) => attached === true)} mirrors attached, ` +
      `${count(({ live }) => live === true)} metrics live, ` +
      `${count(({ live }) => live === false)} not live`,
  );
}

/** Tells whether mirrors spoil nothing, and prints what they do. */
function isAsGood(
  { total, failures, events }: Outcome,
  plain: Outcome,
): boolean {
  const problems = [...failures]
    .filter(([test]) => !plain.failures.has(test))
    .map(([test, message]) => `fails only with mirrors: ${test}\n${message}`);
  if (total !== plain.total) problems.push("not all tests were run");
  if (!events.some(({ live }) => live)) problems.push("no metric was live");
  const errors = new Set(events.flatMap(({ error }) => error ?? []));
  problems.push(...[...errors].map((error) => `a mirror told: ${error}`));
  for (const problem of problems) console.log(`  FAILED ${problem}`);
  return problems.length === 0;
}

/** Installs the package as the README says, and runs its first example. */
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { ROOT } from "../../../tools/files.ts";
import { startJsrRegistry, stdPackages } from "../../../tools/jsr_registry.ts";
import { startNpmRegistry } from "../../../tools/npm_registry.ts";
import {
  jsrForm,
  writeNpmForm,
  writeNpmPackage,
} from "../../../tools/published.ts";
import { withFolder } from "../../_folder.ts";
import { DEADLINE_MS, test } from "../../_suite.ts";

const run = promisify(execFile);

const runtime = runtimeName();

/** The hosts that a registry stands for: JSR's own two. */
async function startRegistry(folder: string) {
  const std = await stdPackages();
  return runtime === "deno"
    ? await startJsrRegistry([await jsrForm(), ...std])
    : await startNpmRegistry(join(folder, "packages"), [
      writeNpmForm,
      ...std.map((each) => (folder: string) => writeNpmPackage(each, folder)),
    ]);
}

test("the package is installed as the README says, and its first example does what that says", async () => {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const row = new RegExp(`^\\| ${runtime} .*?\`(.+?)\``, "im");
  const [, command] = row.exec(readme)!;
  const [start] = new RegExp(`^${runtime} .*first\\.ts$`, "m").exec(readme)!;
  const [, program] = /```ts\n([^]*?)```/.exec(readme)!;
  const [, output] = /```text\n([^]*?)```/.exec(readme)!;
  await withFolder(async (folder) => {
    const registry = await startRegistry(folder);
    try {
      const project = join(folder, "project");
      const env = await environment(folder, registry.url);
      const options = { cwd: project, env, timeout: DEADLINE_MS };
      await makeProject(project, registry.url);
      await run("sh", ["-c", command], options);
      await writeFile(join(project, "first.ts"), program);
      const { stdout } = await run("sh", ["-c", start], options);
      const withoutSum = (text: string) => text.replace(/(_sum) .*/, "$1");
      assertEquals(withoutSum(stdout).trim(), withoutSum(output).trim());
    } finally {
      await registry[Symbol.asyncDispose]();
    }
  });
});

/** An empty project, of which npm and Bun know where the registry is. */
async function makeProject(folder: string, registry: string): Promise<void> {
  await mkdir(folder);
  if (runtime === "deno") return;
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, ".npmrc"), `@jsr:registry=${registry}\n`);
}

/** An environment with the runtime under test by the names that people know. */
async function environment(folder: string, registry: string) {
  const bin = join(folder, "bin");
  await mkdir(bin);
  for (const name of runtime === "bun" ? ["bun", "bunx"] : [runtime]) {
    await symlink(process.execPath, join(bin, name));
  }
  return {
    ...process.env,
    NO_COLOR: "1",
    PATH: [bin, process.env.PATH].join(delimiter),
    JSR_URL: registry,
    DENO_DIR: join(folder, "deno"),
    // Nobody is there to be asked.
    npm_config_yes: "true",
  };
}

/** The package in the form in which a runtime loads it. */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readdir, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { runtimeName } from "../src/runtime/detect.ts";
import { ROOT } from "../tools/files.ts";
import { stdPackages } from "../tools/jsr_registry.ts";
import { npmName, writeNpmForm, writeNpmPackage } from "../tools/published.ts";

/**
 * Yields a folder with the modules: on Deno the sources, which it keeps compiled,
 * on Bun and Node JavaScript, as npm installs it. It goes when the process ends.
 */
export async function packageFolder(): Promise<string> {
  if (runtimeName() === "deno") return ROOT;
  const folder = mkdtempSync(join(tmpdir(), "prometheus-async-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true }));
  const modules = join(folder, "node_modules");
  for (const std of await stdPackages()) {
    await writeNpmPackage(std, join(modules, npmName(std.name)));
  }
  await writeNpmForm(folder);
  const installed = join(ROOT, "node_modules");
  await mkdir(modules, { recursive: true });
  for (const name of await readdir(installed)) {
    if (name.startsWith(".")) continue;
    await symlink(join(installed, name), join(modules, name));
  }
  return folder;
}

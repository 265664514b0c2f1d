/** Copies the project, to test it with the newest versions of the client packages. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./files.ts";
import { npm } from "./npm.ts";

const run = promisify(execFile);

/** Not copied: the copy installs its own packages. */
const LEFT_OUT = /^(\.git|\.reports|\.api|node_modules)$/;

/** A copy of the project. */
export interface ProjectCopy {
  readonly folder: string;
  /** The client packages that it has, each with its version. */
  readonly clients: readonly string[];
}

/**
 * Copies the project into a temporary folder and installs its packages there,
 * of the clients the newest versions that are published.
 *
 * @param clients The names of the client packages.
 * @returns The copy, which the caller removes.
 */
export async function copyWithNewest(
  clients: readonly string[],
): Promise<ProjectCopy> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-async-newest-"));
  try {
    await cp(ROOT, folder, {
      recursive: true,
      filter: (path) => !LEFT_OUT.test(relative(ROOT, path)),
    });
    const config = join(folder, "deno.json");
    const text = await readFile(config, "utf8");
    await writeFile(config, withVersions(text, await newestOf(clients)));
    await run(Deno.execPath(), ["install"], { cwd: folder });
    return { folder, clients: await installedOf(folder, clients) };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Puts other versions of packages into the text of a `deno.json`.
 *
 * @throws {Error} If that does not import a package from npm.
 */
export function withVersions(
  config: string,
  versions: ReadonlyMap<string, string>,
): string {
  for (const [name, version] of versions) {
    const pinned = `"${name}": "npm:${name}@`;
    const at = config.indexOf(pinned) + pinned.length;
    if (at < pinned.length) {
      throw new Error(
        `Cannot replace version of ${name}: deno.json does not import it`,
      );
    }
    const end = config.indexOf('"', at);
    config = config.slice(0, at) + version + config.slice(end);
  }
  return config;
}

async function newestOf(
  names: readonly string[],
): Promise<Map<string, string>> {
  const versions = new Map<string, string>();
  for (const name of names) {
    const version = await npm(ROOT, "view", `${name}@latest`, "version");
    versions.set(name, version.trim());
  }
  return versions;
}

/** Names the packages with the versions that their own manifests tell. */
async function installedOf(
  folder: string,
  names: readonly string[],
): Promise<string[]> {
  return await Promise.all(names.map(async (name) => {
    const manifest = join(folder, "node_modules", name, "package.json");
    const { version } = JSON.parse(await readFile(manifest, "utf8"));
    return `${name} ${version}`;
  }));
}

/** Projects with packages of npm that this project does not depend on. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { npm } from "../../tools/npm.ts";
import { madeOnce } from "../_made_once.ts";

/** A project: its packages, files and scripts. */
export interface NpmProject {
  /** The versions of its packages. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Its files by their paths. */
  readonly files?: Readonly<Record<string, string>>;
  /** Its scripts; one of the name `build` is run. */
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Makes a project once in a run of the suite; yields its folder. */
export async function npmProject(project: NpmProject): Promise<string> {
  const { dependencies, files = {}, scripts = {} } = project;
  return await madeOnce(JSON.stringify(project), async (folder) => {
    await mkdir(folder);
    const manifest = JSON.stringify({ private: true, dependencies, scripts });
    const all = { ...files, "package.json": manifest };
    for (const [path, text] of Object.entries(all)) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
    await npm(folder, "install", "--prefer-offline", ...quiet);
    if (scripts.build !== undefined) await npm(folder, "run", "build");
  });
}

/** Another copy of the package, as a bundler or a second installation makes it. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../tools/files.ts";
import { withFolder } from "./_folder.ts";

/** Imports a module of a copy, by its path below `src/`. */
type Import = <Module>(path: string) => Promise<Module>;

/** Runs a function with a copy of the package that is loaded for it alone. */
export async function withPackageCopy(
  use: (load: Import) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await cp(join(ROOT, "src"), join(folder, "src"), { recursive: true });
    await use((path) => import(pathToFileURL(join(folder, "src", path)).href));
  });
}

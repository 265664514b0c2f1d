/** Makes what is costly and the same for many tests once in a run of the suite. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** The runner's folder, or one that goes with this process. */
let folder = process.env.TEST_SHARED;

/**
 * Yields the path of a file or folder that the first process to ask for it has
 * made; the others wait for it.
 *
 * @param name What it is; all that it depends on.
 * @param make Makes it at a path.
 */
export async function once(
  name: string,
  make: (path: string) => Promise<void>,
): Promise<string> {
  folder ??= temporaryFolder();
  const hash = createHash("sha256").update(name).digest("hex");
  const path = join(folder, hash);
  const workshop = `${path}.making`;
  await mkdir(folder, { recursive: true });
  while (!existsSync(path)) {
    try {
      // Of all processes one succeeds.
      await mkdir(workshop);
    } catch {
      await sleep(50);
      continue;
    }
    try {
      if (existsSync(path)) break;
      await make(join(workshop, "made"));
      await rename(join(workshop, "made"), path);
    } finally {
      await rm(workshop, { recursive: true });
    }
  }
  return path;
}

function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "prometheus-async-once-"));
  process.once("exit", () => rmSync(path, { recursive: true }));
  return path;
}

/** Makes files and folders that many tests need, once in a run of the suite. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning } from "../tools/processes.ts";

/** The runner's folder, or one that goes with this process. */
let folder = process.env.TEST_SHARED;

/**
 * Yields the path of a file or folder that the first process to ask for it has
 * made; the others wait for it.
 *
 * @param name Everything that the result depends on.
 * @param make Makes it at a path.
 */
export async function madeOnce(
  name: string,
  make: (path: string) => Promise<void>,
): Promise<string> {
  folder ??= temporaryFolder();
  const hash = createHash("sha256").update(name).digest("hex");
  const path = join(folder, hash);
  const lock = `${path}.lock`;
  while (!existsSync(path)) {
    if (!await takes(lock)) {
      await sleep(50);
      continue;
    }
    try {
      // Another process may have made it between the two looks.
      if (existsSync(path)) break;
      const unfinished = `${path}.${process.pid}`;
      await make(unfinished);
      await rename(unfinished, path);
    } finally {
      await rm(lock);
    }
  }
  return path;
}

/** Takes a lock, unless another process has it. */
async function takes(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, `${process.pid}`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
  }
  const owner = Number(await readFile(lock, "utf8").catch(() => ""));
  // A process that was killed leaves its lock behind.
  if (owner > 0 && !isRunning(owner)) await rm(lock, { force: true });
  return false;
}

function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "prometheus-async-made-"));
  process.once("exit", () => rmSync(path, { recursive: true }));
  return path;
}

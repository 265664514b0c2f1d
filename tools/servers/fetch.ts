/** Fetches the real servers that the tests run against; fails if one is not to be had. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import {
  cacheFolder,
  serverCommand,
  type ServerName,
  serverPath,
  SERVERS,
} from "./locate.ts";

const run = promisify(execFile);

/** Fetches what is missing and makes sure that every program runs. */
export async function fetchServers(): Promise<void> {
  const script = join(import.meta.dirname!, "get_deb.sh");
  for (const [name, program] of Object.entries(SERVERS)) {
    const { suite, packages, versionArgs } = program;
    await run("sh", [script, cacheFolder(), suite, ...packages]);
    const { file, env } = serverCommand(name as ServerName);
    const { stdout, stderr } = await run(file, versionArgs, {
      env: { ...process.env, ...env },
    });
    // Older Prometheus programs print their version to standard error.
    if (!(stdout + stderr).includes(program.version)) {
      throw new Error(
        `Cannot use ${name}: "${program.version}" is required, ` +
          `received ${stdout + stderr}`,
      );
    }
  }
}

if (import.meta.main) {
  await fetchServers();
  for (const name of Object.keys(SERVERS)) {
    console.log(serverPath(name as ServerName));
  }
}

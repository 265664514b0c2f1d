/** Shows what would be published, and fails on what would be refused. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startJsrRegistry, stdPackages } from "./jsr_registry.ts";

await using registry = await startJsrRegistry(await stdPackages());
// An empty cache: the registry's port, and with it every URL, is a new one.
const cache = await mkdtemp(join(tmpdir(), "publish-check-"));
try {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--config", "jsr.json", "--allow-dirty"],
    cwd: join(import.meta.dirname!, ".."),
    env: { JSR_URL: registry.url, DENO_DIR: cache },
  }).output();
  console.error(new TextDecoder().decode(stderr));
  Deno.exitCode = code;
} finally {
  await rm(cache, { recursive: true });
}

/**
 * JSR's npm registry on loopback, for what npm and Bun install from it. Runs on
 * all runtimes.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { npm } from "./npm.ts";
import { type LoopbackServer, serveOnLoopback } from "./loopback.ts";

/** Serves packages, which each write themselves into a folder. */
export async function startNpmRegistry(
  folder: string,
  packages: readonly ((folder: string) => Promise<void>)[],
): Promise<LoopbackServer> {
  const tarballs = new Map<string, Uint8Array>();
  const manifests = new Map<string, Record<string, unknown>>();
  for (const [n, write] of packages.entries()) {
    const source = join(folder, String(n));
    await mkdir(source, { recursive: true });
    await write(source);
    const packed = await npm(source, "pack", "--json", "--silent");
    const [{ filename }] = JSON.parse(packed);
    const manifest = await readFile(join(source, "package.json"), "utf8");
    manifests.set(`/${JSON.parse(manifest).name}`, {
      ...JSON.parse(manifest),
      dist: `/${n}.tgz`,
    });
    tarballs.set(`/${n}.tgz`, await readFile(join(source, filename)));
  }
  return await serveOnLoopback(({ url, headers }, response) => {
    const path = decodeURIComponent(url!.split("?")[0]);
    const tarball = tarballs.get(path);
    const manifest = manifests.get(path);
    if (tarball !== undefined) response.end(tarball);
    else if (manifest === undefined) response.writeHead(404).end();
    else {
      const { dist, ...version } = manifest;
      const bytes = tarballs.get(String(dist))!;
      const digest = createHash("sha512").update(bytes).digest("base64");
      const dists = {
        tarball: `http://${headers.host}${dist}`,
        integrity: `sha512-${digest}`,
      };
      const latest = String(version.version);
      response.setHeader("content-type", "application/json").end(
        JSON.stringify({
          name: version.name,
          "dist-tags": { latest },
          // Yarn installs nothing that is new.
          time: { [latest]: new Date(0).toISOString() },
          versions: { [latest]: { ...version, dist: dists } },
        }),
      );
    }
  });
}

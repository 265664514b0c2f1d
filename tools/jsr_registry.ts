/**
 * A JSR registry on loopback, for Deno's `JSR_URL`: what is published can be
 * checked and imported as strangers do, without the network.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { type LoopbackServer, serveOnLoopback } from "./loopback.ts";

/** A version of a package. */
export interface JsrPackage {
  name: string;
  version: string;
  exports: Record<string, string>;
  /** The files by their path in the package, which starts with a slash. */
  files: Map<string, Uint8Array>;
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".json": "application/json",
  ".md": "text/markdown",
  ".ts": "text/typescript",
};

/** Serves packages, one version each; `JSR_URL` is set to its URL. */
export async function startJsrRegistry(
  packages: readonly JsrPackage[],
): Promise<LoopbackServer> {
  const routes = new Map<string, { type: string; body: string | Uint8Array }>();
  const putJson = (path: string, value: unknown) =>
    routes.set(path, {
      type: "application/json",
      body: JSON.stringify(value),
    });
  for (const { name, version, exports, files } of packages) {
    const [scope, unscoped] = name.slice(1).split("/");
    const manifest: Record<string, { size: number; checksum: string }> = {};
    for (const [path, bytes] of files) {
      const checksum = createHash("sha256").update(bytes).digest("hex");
      manifest[path] = { size: bytes.length, checksum: `sha256-${checksum}` };
      routes.set(`/${name}/${version}${path}`, {
        type: MEDIA_TYPES[extname(path)] ?? "application/octet-stream",
        body: bytes,
      });
    }
    putJson(`/${name}/meta.json`, {
      scope,
      name: unscoped,
      latest: version,
      versions: { [version]: {} },
    });
    putJson(`/${name}/${version}_meta.json`, { manifest, exports });
  }
  return await serveOnLoopback((request, response) => {
    const hit = routes.get(decodeURIComponent(request.url!.split("?")[0]));
    if (hit === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": hit.type }).end(hit.body);
  });
}

/** The standard library's packages that are published against, from `deno-std`. */
export async function stdPackages(): Promise<JsrPackage[]> {
  const root = join(import.meta.dirname!, "../node_modules/deno-std");
  return [{
    name: "@std/http",
    version: "1.4.0",
    exports: { "./negotiation": "./negotiation.js" },
    files: await readFiles(join(root, "http"), /^\/_?negotiation\b/),
  }];
}

/** Hono as JSR has it: other modules than those of npm, with the same code. */
export async function honoPackage(): Promise<JsrPackage> {
  const root = join(import.meta.dirname!, "../node_modules/hono");
  const { version } = JSON.parse(
    await readFile(join(root, "package.json"), "utf8"),
  );
  return {
    name: "@hono/hono",
    version,
    exports: { ".": "./index.js" },
    files: await readFiles(join(root, "dist"), /^\/(?!cjs\/).*\.js$/),
  };
}

async function readFiles(
  folder: string,
  pattern: RegExp,
): Promise<JsrPackage["files"]> {
  const files: JsrPackage["files"] = new Map();
  for (
    const entry of await readdir(folder, {
      recursive: true,
      withFileTypes: true,
    })
  ) {
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(folder.length);
    if (entry.isFile() && pattern.test(path)) {
      files.set(path, await readFile(file));
    }
  }
  return files;
}

/** Copies of the client under test, changed as another version of it may be. */
import { assert } from "@std/assert";
import { cp, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as promClient from "prom-client";
import { ROOT } from "../../tools/files.ts";
import { clientName } from "../_client.ts";
import { withFolder } from "../_folder.ts";

/** A text in a file of the client, and what takes its place everywhere in it. */
export type Change = readonly [file: string, text: string, other: string];

/** The files of a client. */
export type Client = Pick<
  typeof promClient,
  "Counter" | "Gauge" | "Histogram" | "Registry"
>;

/** Runs a function with a copy of the client that has these changes. */
export async function withCopy(
  changes: readonly Change[],
  use: (client: Client) => unknown,
): Promise<void> {
  await withFolder(async (folder) => {
    const original = await realpath(join(ROOT, "node_modules", clientName));
    const copy = join(folder, "client");
    await cp(original, copy, { recursive: true });
    // Its dependencies are beside it.
    const modules = join(original, ...clientName.split("/").map(() => ".."));
    await symlink(modules, join(folder, "node_modules"), "dir");
    for (const [file, text, other] of changes) {
      const path = join(copy, "lib", file);
      const source = await readFile(path, "utf8");
      assert(source.includes(text), `${file} says otherwise: ${text}`);
      await writeFile(path, source.replaceAll(text, other));
    }
    const require = createRequire(join(folder, "client", "index.js"));
    await use(require("./index.js"));
  });
}

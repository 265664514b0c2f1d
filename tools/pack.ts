/**
 * Makes the tarball that npm publishes, in this folder or the one given; prints its
 * name and size.
 *
 *     deno task pack [FOLDER]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { writeNpmRelease } from "./npm_release.ts";
import { npm } from "./npm.ts";

const [destination = "."] = Deno.args;
const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = Deno.env.toObject();
const repository = GITHUB_REPOSITORY === undefined
  ? undefined
  : `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;
if (repository === undefined) {
  console.log("No GITHUB_REPOSITORY: it cannot be published with provenance");
}
const folder = await mkdtemp(join(tmpdir(), "prometheus-async-pack-"));
try {
  await writeNpmRelease(folder, repository);
  const to = `--pack-destination=${resolve(destination)}`;
  const packed = await npm(folder, "pack", "--json", to);
  const [{ filename, size }] = JSON.parse(packed);
  console.log(`${join(destination, filename)}: ${Math.round(size / 1000)} kB`);
} finally {
  await rm(folder, { recursive: true });
}

import { assert, assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { VERSION } from "../src/version.ts";
import { test } from "./_suite.ts";

const ROOT = join(import.meta.dirname!, "..");

interface Manifest {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
  imports: Record<string, string>;
  publish: unknown;
  tasks: Record<string, { command: string }>;
}

async function manifest(file: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(ROOT, file), "utf8"));
}

test("deno.json and jsr.json name the same package", async () => {
  const [deno, jsr] = [await manifest("deno.json"), await manifest("jsr.json")];
  for (const field of ["name", "version", "license", "exports"] as const) {
    assertEquals(deno[field], jsr[field], field);
  }
});

test("the source says which version it is", async () => {
  assertEquals((await manifest("jsr.json")).version, VERSION);
});

test("package.json exports what jsr.json does", async () => {
  const [pkg, jsr] = [
    await manifest("package.json"),
    await manifest("jsr.json"),
  ];
  assertEquals(pkg.name, jsr.name);
  assertEquals(pkg.exports, jsr.exports);
});

test("deno.json refuses to be published in place of jsr.json", async () => {
  assertEquals((await manifest("deno.json")).publish, false);
});

test("jsr.json's ranges begin at the versions that are tested", async () => {
  const [deno, jsr] = [await manifest("deno.json"), await manifest("jsr.json")];
  for (const [name, range] of Object.entries(jsr.imports)) {
    const pinned = deno.imports[name];
    assert(pinned !== undefined, `deno.json lacks ${name}`);
    // The standard library comes from another registry while developing.
    if (range.startsWith("jsr:")) continue;
    assertEquals(range.replace("@^", "@"), pinned);
  }
});

test("the tasks read the documentation of every entry point", async () => {
  const { exports, tasks } = await manifest("deno.json");
  const paths = Object.values(exports).map((path) => path.slice(2));
  const [, linted] = /deno doc --lint ([^&]*) &&/.exec(tasks.check.command)!;
  assertEquals(linted.split(" "), paths);
  const [, rendered] = /--output=\.api (.*)$/.exec(tasks.docs.command)!;
  assertEquals(rendered.split(" "), paths);
});

test("mod.ts exports what all entry points do, but those of frameworks", async () => {
  const {
    "./thread-entry": _,
    "./hash-password": _program,
    "./hono": _hono,
    "./node": _node,
    ...exports
  } = (await manifest("jsr.json")).exports;
  const entries = Object.values(exports).map(async (path) =>
    Object.keys(await import(join(ROOT, path)))
  );
  const [root, ...parts] = await Promise.all(entries);
  assertEquals([...new Set(parts.flat())].sort(), root.sort());
});

import { assert, assertEquals } from "@std/assert";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "./_suite.ts";

const ROOT = join(import.meta.dirname!, "..");

/**
 * The rooms of `src/` and what each may import beside its own files: earlier
 * rooms only, so that no arrow points back.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  registry_types: [],
  discovery_types: [],
  types: ["registry_types", "discovery_types"],
  errors: ["types"],
  describe: [],
  address: [],
  version: [],
  plain_response: [],
  message_of: ["describe"],
  require: ["describe"],
  wrappers: ["types", "describe"],
  runtime: ["types", "errors", "describe", "plain_response"],
  families: ["types", "errors", "message_of", "runtime"],
  formats: ["types", "runtime", "families"],
  memory: ["types", "errors", "runtime", "families"],
  metrics: ["types", "families", "memory"],
  clients: ["types", "message_of", "runtime", "families", "memory", "metrics"],
  gather: [
    "types",
    "errors",
    "describe",
    "message_of",
    "runtime",
    "families",
    "metrics",
    "clients",
  ],
  live: [
    "types",
    "errors",
    "describe",
    "message_of",
    "families",
    "memory",
    "metrics",
    "clients",
    "gather",
  ],
  exposition: [
    "types",
    "registry_types",
    "errors",
    "describe",
    "message_of",
    "require",
    "plain_response",
    "wrappers",
    "runtime",
    "families",
    "formats",
    "metrics",
    "gather",
  ],
  discovery: [
    "types",
    "discovery_types",
    "address",
    "errors",
    "describe",
    "require",
    "message_of",
    "runtime",
  ],
  server: [
    "types",
    "registry_types",
    "discovery_types",
    "address",
    "errors",
    "describe",
    "version",
    "require",
    "message_of",
    "plain_response",
    "wrappers",
    "runtime",
    "metrics",
    "gather",
    "exposition",
  ],
  http: [
    "types",
    "registry_types",
    "describe",
    "require",
    "wrappers",
    "runtime",
    "families",
    "metrics",
    "clients",
  ],
  hono: ["types", "registry_types", "http", "gather", "exposition"],
  thread: [
    "types",
    "errors",
    "describe",
    "require",
    "message_of",
    "wrappers",
    "runtime",
    "families",
    "memory",
    "metrics",
    "clients",
    "gather",
    "exposition",
    "live",
    "discovery",
    "server",
  ],
};

/** The packages each room may import. */
const MAY_IMPORT_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  runtime: ["@hono/node-server", "undici"],
  clients: ["prom-client", "@prometheus-io/client"],
  exposition: ["@std/http/negotiation"],
};

/** The only file that imports a client package. */
const CLIENT_FILE = "clients/loaded.ts";

interface Source {
  /** The path below `src/`. */
  path: string;
  room: string;
  /** The text without comments. */
  code: string;
  /** The specifiers of all imports and exports, dynamic ones too. */
  specifiers: string[];
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\//g, "")
    .replaceAll(/^\s*\/\/.*$/gm, "");
}

async function readSources(): Promise<Source[]> {
  const found: Source[] = [];
  for await (const path of glob("**/*.ts", { cwd: join(ROOT, "src") })) {
    const text = await readFile(join(ROOT, "src", path), "utf8");
    const code = withoutComments(text);
    const specifiers = [
      ...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g),
    ].map(([, specifier]) => specifier);
    const room = path.split("/")[0].replace(/\.ts$/, "");
    found.push({ path, room, code, specifiers });
  }
  return found;
}

const sources = await readSources();

test("the import rule's check sees the imports there are", () => {
  const all = new Set(sources.flatMap(({ specifiers }) => specifiers));
  for (
    const specifier of [
      "../types.ts",
      "./node.ts",
      "node:http",
      "prom-client",
      "@std/http/negotiation",
    ]
  ) assert(all.has(specifier), `${specifier} was not seen`);
});

test("rooms import earlier rooms only", () => {
  for (const { path, room, specifiers } of sources) {
    const allowed = MAY_IMPORT[room];
    assert(allowed !== undefined, `src/${path} is in a room without a rule`);
    for (const specifier of specifiers.filter((s) => s.startsWith("."))) {
      const target = join(dirname(path), specifier).split("/")[0]
        .replace(/\.ts$/, "");
      assert(
        target === room || allowed.includes(target),
        `src/${path} must not import ${specifier}`,
      );
    }
  }
});

test("rooms import only the packages they are allowed", () => {
  for (const { path, room, specifiers } of sources) {
    const packages = specifiers.filter((specifier) =>
      !specifier.startsWith(".") &&
      !(room === "runtime" && specifier.startsWith("node:"))
    );
    for (const name of packages) {
      assert(
        MAY_IMPORT_PACKAGES[room]?.includes(name),
        `src/${path} must not import ${name}`,
      );
    }
  }
});

test("mod.ts holds nothing but exports of src/", async () => {
  const text = await readFile(join(ROOT, "mod.ts"), "utf8");
  for (const line of withoutComments(text).trim().split("\n")) {
    assert(/^export \* from "\.\/src\/\w+\/mod\.ts";$/.test(line), line);
  }
});

test("the client package is loaded when it is first needed", () => {
  const source = sources.find(({ path }) => path === CLIENT_FILE);
  assert(source !== undefined);
  assert(source.code.includes('await import("prom-client")'));
  assert(!/from "prom-client"/.test(source.code));
});

test("one file imports a client package", () => {
  const files = sources
    .filter(({ specifiers }) =>
      specifiers.some((s) => /^(prom-client|@prometheus-io\/client)/.test(s))
    )
    .map(({ path }) => path);
  assertEquals(files, [CLIENT_FILE]);
});

test("no file outside runtime/ names a runtime", () => {
  for (const { path, room, code } of sources) {
    if (room === "runtime") continue;
    const named = /\b(Deno|Bun|process)\b|"node:/.exec(code);
    assertEquals(named?.[0], undefined, `src/${path} names a runtime`);
  }
});

test("no file imports itself, by whatever way", () => {
  const imports = new Map(sources.map(({ path, specifiers }) => [
    path,
    specifiers.filter((each) => each.startsWith("."))
      .map((each) => join(dirname(path), each)),
  ]));
  for (const { path } of sources) {
    const reached = new Set(imports.get(path));
    for (const file of reached) {
      for (const next of imports.get(file) ?? []) reached.add(next);
    }
    assert(!reached.has(path), `src/${path} is in a circle`);
  }
});

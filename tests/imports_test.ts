import { assert, assertEquals } from "@std/assert";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "./_suite.ts";

const ROOT = join(import.meta.dirname!, "..");

/**
 * The rooms of `src/` and the rooms that each may import: earlier ones only.
 * `docs/architecture.md` draws the rule.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  registry_types: [],
  discovery_types: [],
  types: ["registry_types", "discovery_types"],
  base: [],
  errors: ["base"],
  version: [],
  answer: ["base"],
  wrappers: ["types", "base"],
  runtime: ["errors", "answer", "base"],
  families: ["types", "errors", "base", "runtime"],
  formats: ["types", "base", "runtime", "families"],
  memory: ["types", "errors", "families"],
  metrics: ["types", "families", "memory"],
  clients: ["types", "base", "runtime", "families", "memory", "metrics"],
  gather: [
    "types",
    "errors",
    "base",
    "runtime",
    "families",
    "metrics",
    "clients",
  ],
  live: [
    "types",
    "errors",
    "base",
    "runtime",
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
    "answer",
    "base",
    "runtime",
    "families",
    "formats",
    "metrics",
    "gather",
  ],
  discovery: ["types", "discovery_types", "errors", "base", "runtime"],
  runtime_metrics: ["types", "base", "runtime", "metrics"],
  server: [
    "types",
    "discovery_types",
    "errors",
    "version",
    "answer",
    "base",
    "runtime",
    "formats",
    "metrics",
    "gather",
    "exposition",
  ],
  http: [
    "types",
    "registry_types",
    "base",
    "wrappers",
    "runtime",
    "families",
    "metrics",
    "clients",
  ],
  hono: ["http", "exposition"],
  node: ["base", "wrappers", "runtime", "http", "exposition"],
  thread: [
    "types",
    "errors",
    "base",
    "runtime",
    "families",
    "memory",
    "metrics",
    "clients",
    "gather",
    "live",
    "discovery",
    "server",
    "runtime_metrics",
  ],
  register: [
    "types",
    "errors",
    "base",
    "runtime",
    "metrics",
    "http",
    "node",
    "discovery",
    "runtime_metrics",
    "thread",
  ],
};

/** The packages each room may import. */
const MAY_IMPORT_PACKAGES: Readonly<Record<string, readonly string[]>> = {
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

test("the two sides of a thread import nothing of each other", () => {
  const sides = ["thread/main/", "thread/worker/"];
  for (const [side, other] of [sides, sides.toReversed()]) {
    const ofSide = sources.filter(({ path }) => path.startsWith(side));
    assert(ofSide.length > 0, side);
    for (const { path, specifiers } of ofSide) {
      for (const specifier of specifiers) {
        const target = join(dirname(path), specifier);
        assert(!target.startsWith(other), `src/${path} imports ${specifier}`);
      }
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

test("one file has timers: what an application's tests replace stops no wait", () => {
  for (const { path, code } of sources) {
    if (path === "runtime/wait.ts") continue;
    const used =
      /(?<!\.)\b(set(Timeout|Interval|Immediate)|clear(Timeout|Interval))\(|"node:timers|AbortSignal\.timeout/
        .exec(code);
    assertEquals(used?.[0], undefined, `src/${path} has a timer of its own`);
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

test("tools import nothing of the benchmarks, which import tools", async () => {
  for await (const path of glob("tools/**/*.ts", { cwd: ROOT })) {
    const text = await readFile(join(ROOT, path), "utf8");
    assert(!/from "[./]*bench\//.test(text), `${path} imports a benchmark`);
  }
});

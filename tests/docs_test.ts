import { assert, assertEquals } from "@std/assert";
import GithubSlugger from "github-slugger";
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { test } from "./_suite.ts";

const ROOT = join(import.meta.dirname!, "..");

/** A page of the documentation. */
interface Page {
  /** Its file, from the project's folder. */
  readonly file: string;
  readonly text: string;
  /** The text without its blocks of code. */
  readonly prose: string;
}

async function readPages(): Promise<Page[]> {
  const pages: Page[] = [];
  const files = glob("{*.md,{docs,bench}/*.md}", { cwd: ROOT });
  for await (const file of files) {
    const text = await readFile(join(ROOT, file), "utf8");
    const name = file.replaceAll("\\", "/");
    const prose = text.replaceAll(/^```[^]*?^```/gm, "");
    pages.push({ file: name, text, prose });
  }
  return pages;
}

const pages = await readPages();

/** The anchors of a page, by GitHub's rule, which JSR shares. */
function anchorsOf({ prose }: Page): Set<string> {
  const slugger = new GithubSlugger();
  const headings = prose.matchAll(/^#+ (.*)$/gm);
  return new Set(
    Array.from(
      headings,
      ([, text]) => slugger.slug(text.replaceAll(/`|\[|\]\([^)]*\)/g, "")),
    ),
  );
}

test("every link of the documentation leads somewhere", () => {
  const dead: string[] = [];
  let links = 0;
  for (const page of pages) {
    for (const [, target] of page.prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links++;
      const [path, anchor] = target.split("#");
      const file = path === ""
        ? page.file
        : relative(ROOT, join(ROOT, dirname(page.file), path))
          .replaceAll("\\", "/");
      const other = pages.find((each) => each.file === file);
      const isThere = existsSync(join(ROOT, file)) &&
        (anchor === undefined || other && anchorsOf(other).has(anchor));
      if (!isThere) dead.push(`${page.file}: ${target}`);
    }
  }
  assert(links > 50, `found ${links} links only`);
  assertEquals(dead, []);
});

test("the README leads to every page", () => {
  const [readme] = pages.filter(({ file }) => file === "README.md");
  const missing = pages.filter(({ file }) =>
    file.startsWith("docs/") && !readme.prose.includes(`](${file}`)
  );
  assertEquals(missing.map(({ file }) => file), []);
});

test("every example of the documentation is run, or says why it is not", () => {
  const ignored = pages.flatMap(({ file, text }) =>
    Array.from(text.matchAll(/^```ts (.+)$/gm), ([, why]) => `${file}: ${why}`)
  );
  // Its second line is the bundle's, which `slow/published/thread_test.ts` makes.
  assertEquals(ignored, ["docs/thread.md: ignore"]);
  const elsewhere = pages.filter(({ file, text }) =>
    !/^(README\.md|docs\/)/.test(file) && text.includes("```ts")
  );
  assertEquals(elsewhere, [], "nothing runs their examples");
});

/**
 * The tests that run the commands of the documentation, by their beginnings, and
 * the words by which that can be seen. Those of docs/use-cases.md are run by
 * `tests/examples/`.
 */
const RUN_BY: Readonly<Record<string, [file: string, words: string]>> = {
  "npx -y deno@2.9.6 task demo": ["tests/e2e/demo_test.ts", "demo"],
  "npx -y deno@2.9.6 task test": [".ci/run", "task test"],
  "npx -y deno@2.9.6 task bench": [".ci/run", "task bench"],
  "deno run --allow-net first.ts": [
    "tests/slow/published/install_test.ts",
    "first",
  ],
  "deno run jsr:@prometheus-async/prometheus-async/hash-password": [
    "tests/server/hashed_auth_test.ts",
    "hash_password.ts",
  ],
  "node --import @prometheus-async": [
    "tests/register/_preloaded.ts",
    '"--import", PRELOAD',
  ],
  "bun --preload @prometheus-async": [
    "tests/register/_preloaded.ts",
    '"--preload", PRELOAD',
  ],
  "deno run -A --preload npm:@prometheus-async": [
    "tests/register/_preloaded.ts",
    '"-A", "--preload", PRELOAD',
  ],
  "bun first.ts": ["tests/slow/published/install_test.ts", "first"],
  "node first.ts": ["tests/slow/published/install_test.ts", "first"],
  "promtool test rules alerts_test.yml": [
    "tests/e2e/operating_test.ts",
    'promtool("test", "rules", "alerts_test.yml")',
  ],
  "esbuild app=src/app.ts": ["tests/slow/published/thread_test.ts", "esbuild"],
};

test("every command of the documentation is one that is run", async () => {
  const others = pages.filter(({ file }) =>
    !["docs/use-cases.md", "CONTRIBUTING.md"].includes(file)
  );
  const commands = others.flatMap(({ text }) =>
    Array.from(
      text.matchAll(/^```sh\n([^]*?)^```/gm),
      ([, block]) => block.replaceAll("\\\n", "").trim().split("\n"),
    ).flat()
  );
  const known = Object.keys(RUN_BY);
  const isKnown = (command: string) =>
    known.some((each) => command.startsWith(each));
  assertEquals(commands.filter((command) => !isKnown(command)), []);
  for (const [command, [file, words]] of Object.entries(RUN_BY)) {
    assert(commands.some((each) => each.startsWith(command)), command);
    const runner = await readFile(join(ROOT, file), "utf8");
    assert(runner.includes(words), `${file} does not run ${command}`);
  }
});

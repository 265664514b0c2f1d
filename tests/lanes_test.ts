import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findFiles, ROOT } from "../tools/files.ts";
import { type Lane, laneOf } from "../tools/test_lanes.ts";
import { test } from "./_suite.ts";

/**
 * How often tests have to run; of each file the first row counts. Where its
 * imports say otherwise, it imports what it does not need, or lacks what it
 * should be tested with: `tests/_client.ts` is for what depends on how a client
 * stores its metrics, and `prom-client` for what merely needs some.
 */
const LANES: readonly (readonly [lane: Lane, file: RegExp])[] = [
  ["once", /^tests\/(docs|files|imports|lanes|types|workflows)_test/],
  [
    "once",
    /^tests\/((slow\/)?tools\/|e2e\/operating|slow\/published\/browser)/,
  ],
  ["runtimes", /^tests\/live\/own_metric/],
  ["clients", /^tests\/(client_test|live\/|http\/registry|wrappers\/load)/],
  ["clients", /^tests\/exposition\/(failures|handler|properties|registries)/],
  ["clients", /^tests\/exposition\/(scrapes|series|sharing|timeout)/],
  ["clients", /^tests\/thread\/(blocked|collector_f|refresh|registries)/],
  ["clients", /^tests\/wrappers\/(count_e|exemplars|labels|time|track_i)/],
  ["clients", /^tests\/slow\/(oracles\/|load\/memory|e2e\/exposition)/],
  ["clients", /^tests\/slow\/published\/(bundle|entries)/],
  ["runtimes", /^tests\//],
];

const files = await findFiles("tests/**/*_test.ts", []);

test("every file of tests imports what makes it run as often as it must", async () => {
  const actual = await Promise.all(
    files.map(async (file) => `${file}: ${await laneOf(file)}`),
  );
  const expected = files.map((file) => {
    const [lane] = LANES.find(([, pattern]) => pattern.test(file))!;
    return `${file}: ${lane}`;
  });
  assertEquals(actual, expected);
});

test("every file of tests declares them so that the runner hears of them", async () => {
  const others: string[] = [];
  for (const file of await findFiles("tests/**/*.ts", [])) {
    if (file === "tests/_suite.ts") continue;
    const text = await readFile(join(ROOT, file), "utf8");
    if (/"(node|bun):test"|\bDeno\.test\(/.test(text)) others.push(file);
  }
  assertEquals(others, []);
});

test("what is not slow imports nothing that is", async () => {
  const others: string[] = [];
  for (const file of await findFiles("tests/**/*.ts", [])) {
    if (file.startsWith("tests/slow/")) continue;
    const text = await readFile(join(ROOT, file), "utf8");
    if (/from "[^"]*\/slow\//.test(text)) others.push(file);
  }
  assertEquals(others, []);
});

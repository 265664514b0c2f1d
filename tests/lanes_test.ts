import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findFiles, ROOT } from "../tools/files.ts";
import { type Lane, laneOf } from "../tools/test_lanes.ts";
import { test } from "./_suite.ts";

/**
 * Lanes by what tests depend on, which tells how often they run. If the imports of a file say
 * otherwise, it imports something that it does not need, or it is not tested
 * with what it depends on: `tests/_client.ts` is for tests that depend on how a
 * client stores its metrics, `prom-client` for those that need any metric.
 */
const LANES: Readonly<Record<Lane, RegExp>> = {
  once:
    /^tests\/((docs|files|imports|lanes|types|workflows)_|(slow\/)?tools\/|e2e\/operating_|slow\/published\/browser_)/,
  clients: new RegExp(
    "^tests/(" + [
      "client_",
      "clients/(?!entries_)",
      "exposition/(collectors|failures|handler|names|properties)_",
      "exposition/(registries|scrapes|series|sharing|time_window|timeout)_",
      "http/registry_",
      "live/(?!own_metric_)",
      "runtime_metrics/duplicates_",
      "slow/(oracles/(?!types_)|load/memory_|e2e/exposition_)",
      "slow/published/(bundle|entries|minified)_",
      "thread/(blocked|collector_failures|refresh|registries)_",
      "wrappers/(count_exceptions|exemplars|labels|load|time)_",
      "wrappers/track_inprogress_",
    ].join("|") + ")",
  ),
  runtimes: new RegExp(
    "^tests/(" + [
      "package_",
      "(bench|discovery|examples|families|hono|node|register|runtime|server)/",
      "clients/entries_",
      "e2e/(alternatives|demo|limits|runtime_metrics)_",
      "exposition/(compression|default_registry|encode(_\\w+)?)_",
      "exposition/(escaping|in_flight|negotiate|requests|shared_answers)_",
      "exposition/(types|values)_",
      "http/(?!registry_)",
      "live/own_metric_",
      "memory/",
      "runtime_metrics/(?!duplicates_)",
      "slow/e2e/(?!exposition_)",
      "slow/load/(honest|http|siege|thread)_",
      "slow/node/",
      "slow/oracles/types_",
      "slow/register/",
      "slow/published/(default_registry|discovery|http|install)_",
      "slow/published/(nest|release|thread|wrappers)_",
      "thread/(close|consul|death|discovery|hang|idle|requests)_",
      "thread/(preloads|sent_error|start)_",
      "wrappers/(decorators|generator|nesting)_",
    ].join("|") + ")",
  ),
};

const files = await findFiles("tests/**/*_test.ts", []);

test("every file of tests imports what makes it run as often as it must", async () => {
  const wrong: string[] = [];
  for (const file of files) {
    const actual = await laneOf(file);
    const expected = Object.entries(LANES)
      .filter(([, pattern]) => pattern.test(file)).map(([lane]) => lane);
    if (expected.length === 1 && expected[0] === actual) continue;
    // A new file must be put into one of the lanes above.
    const lanes = expected.join(" and ") || "none";
    wrong.push(`${file}: ${lanes} expected, ${actual} by its imports`);
  }
  assertEquals(wrong, []);
});

test("every file of tests declares them so that the runner hears of them", async () => {
  const others: string[] = [];
  for (const file of await findFiles("tests/**/*.ts", [])) {
    if (file === "tests/_suite.ts") continue;
    const text = await readFile(join(ROOT, file), "utf8");
    // Mocked timers declare no test.
    if (/(?<!\{ mock \} from )"(node|bun):test"|\bDeno\.test\(/.test(text)) {
      others.push(file);
    }
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

import { assert, assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { missing, serverPath } from "../../tools/servers/locate.ts";
import { withFolder } from "../_folder.ts";
import { test } from "../_suite.ts";

const run = promisify(execFile);

const ROOT = join(import.meta.dirname!, "../..");
const FOLDER = join(ROOT, "examples/operating");
const PROMTOOL = { skip: missing("promtool") };

const read = (file: string) => readFile(join(FOLDER, file), "utf8");

async function promtool(...args: string[]): Promise<void> {
  // The error's message says what is wrong.
  await run(serverPath("promtool"), args, { cwd: FOLDER });
}

/** Of Debian's versions only this one knows of Consul. */
const WITH_CONSUL = { skip: missing("prometheus-consul") };

test("the configuration of Prometheus is one", WITH_CONSUL, async () => {
  const program = join(dirname(serverPath("prometheus-consul")), "promtool");
  await run(program, ["check", "config", "prometheus.yml"], { cwd: FOLDER });
});

test("the alerts fire when they should, and not before", PROMTOOL, async () => {
  await promtool("test", "rules", "alerts_test.yml");
});

test("every alert is tested, and stands in the page", async () => {
  const alerts = [...(await read("alerts.yml")).matchAll(/- alert: (\w+)/g)]
    .map(([, name]) => name);
  assert(alerts.length > 5);
  const tests = await read("alerts_test.yml");
  const page = await readFile(join(ROOT, "docs/operating.md"), "utf8");
  for (const alert of alerts) {
    assert(tests.includes(`alertname: ${alert}\n`), `${alert} is not tested`);
    assert(page.includes(`| \`${alert}\` `), `${alert} is not in the page`);
  }
});

interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[];
}

async function expressions(): Promise<string[]> {
  const dashboard: Dashboard = JSON.parse(await read("dashboard.json"));
  return dashboard.panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => expr)
  );
}

test("the dashboard asks in PromQL", PROMTOOL, async () => {
  const rules = (await expressions()).map((expr, n) => ({
    record: `panel:${n}`,
    // Values that Grafana puts in.
    expr: expr.replaceAll(/\$(job|instance)/g, ".*")
      .replaceAll("$__rate_interval", "1m"),
  }));
  await withFolder(async (folder) => {
    const file = `${folder}/rules.yml`;
    // JSON is YAML, too.
    const groups = [{ name: "dashboard", rules }];
    await writeFile(file, JSON.stringify({ groups }));
    await promtool("check", "rules", file);
  });
});

test("alerts and the dashboard ask for metrics that there are", async () => {
  const pages = await Promise.all(
    ["serving", "thread", "discovery", "request-metrics", "runtime-metrics"]
      .map((page) => readFile(join(ROOT, `docs/${page}.md`), "utf8")),
  );
  const known = pages.join("\n");
  const asked = [await read("alerts.yml"), ...await expressions()].join("\n");
  const names = asked.match(
    /\b(prometheus_async|http_requests?|process|runtime|nodejs)_\w+/g,
  )!
    .map((name) => name.replace(/_(bucket|sum|count)$/, ""));
  const unknown = [...new Set(names)].filter((name) =>
    !known.includes(`\`${name}\``) && !known.includes(`${name}{`)
  );
  assertEquals(unknown, []);
});

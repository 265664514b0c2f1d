import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { missing } from "../../../tools/servers/locate.ts";
import { withFolder } from "../../_folder.ts";
import { type RunningProgram, runProgram, startProgram } from "../../_spawn.ts";
import { test } from "../../_suite.ts";
import { assertSoon, waitUntil } from "../../_wait.ts";
import { withConsul } from "../../discovery/_consul.ts";
import {
  type Prometheus,
  startPrometheus,
  type StartPrometheusOptions,
} from "../../e2e/_prometheus.ts";

const ROOT = join(import.meta.dirname!, "../../..");

/** Reads a configuration of the examples, to scrape often, and elsewhere. */
async function configOf(
  file: string,
  replaced: Readonly<Record<string, string>>,
): Promise<string> {
  const text = await readFile(join(ROOT, "examples", file), "utf8");
  return Object.entries({
    "scrape_interval: 15s": "scrape_interval: 1s",
    ...replaced,
  })
    .reduce((text, [from, to]) => {
      assertStringIncludes(text, from);
      return text.replace(from, to);
    }, text);
}

/** Waits until a program has printed a URL. */
async function urlOf(program: RunningProgram): Promise<string> {
  const URL_AT_END = /(http:\/\/127\.0\.0\.1:\d+\S*)\n/;
  await waitUntil(
    60_000,
    "it prints a URL",
    () => URL_AT_END.test(program.stdout),
  );
  return URL_AT_END.exec(program.stdout)![1];
}

/** Does something over and over until a promise settles. */
async function during<T>(
  promise: Promise<T>,
  look: () => Promise<unknown>,
): Promise<T> {
  let isOver = false;
  const settled = promise.then(() => {}, () => {}).then(() => isOver = true);
  while (!isOver) {
    await look();
    await Promise.race([settled, sleep(200)]);
  }
  return await promise;
}

/** The targets that Prometheus sees of a service: health by id. */
async function healthById(prometheus: Prometheus): Promise<string[]> {
  return (await prometheus.targets())
    .map(({ labels, health, lastError }) =>
      `${labels.service_id} ${health}${lastError}`
    )
    .sort();
}

/** Evaluates a query; yields ids and values. */
async function valuesById(
  prometheus: Prometheus,
  expression: string,
): Promise<string[]> {
  const found = await prometheus.query(expression);
  return found.map(({ metric, value }) => `${metric.service_id} ${value}`)
    .sort();
}

test(
  "real Prometheus servers find, by a real Consul, what ConsulAgents register",
  { skip: missing("consul", "prometheus-consul", "prometheus3") },
  async () => {
    await withConsul({}, async (consul) => {
      const agent = new URL(consul.url).host;
      // Either form will do.
      const addresses = { app: agent, http_sd: consul.url };
      const start = (name: keyof typeof addresses, ...args: string[]) =>
        startProgram(`examples/consul/${name}.ts`, args, {
          CONSUL_HTTP_ADDR: addresses[name],
        });
      const shops = [start("app", "shop-1"), start("app", "shop-2")];
      const httpSd = start("http_sd", "shop", "0");
      const started: Prometheus[] = [];
      try {
        for (const [n, shop] of shops.entries()) {
          const url = await urlOf(shop);
          for (let requests = 0; requests <= n; requests++) {
            await (await fetch(url)).text();
          }
        }
        const often = "\n        refresh_interval: 1s";
        const configs: [string, StartPrometheusOptions["server"]][] = [
          [
            await configOf("consul/prometheus.yml", {
              "127.0.0.1:8500": agent + often,
            }),
            "prometheus-consul",
          ],
          [
            await configOf("consul/prometheus_http_sd.yml", {
              "http://127.0.0.1:9300/targets": await urlOf(httpSd) + often,
            }),
            "prometheus3",
          ],
        ];
        for (const [config, server] of configs) {
          started.push(await startPrometheus(config, { server }));
        }
        for (const prometheus of started) {
          await assertSoon(
            ["shop-1 up", "shop-2 up"],
            () => healthById(prometheus),
          );
          await assertSoon(
            ["shop-1 1", "shop-2 1"],
            () => valuesById(prometheus, 'up{job="shop"}'),
          );
          await assertSoon(
            ["shop-1 1", "shop-2 2"],
            () => valuesById(prometheus, "shop_request_seconds_count"),
          );
          // They slept 5 ms each; timers may be a little early.
          await assertSoon(
            ["shop-1 1", "shop-2 1"],
            () =>
              valuesById(
                prometheus,
                "shop_request_seconds_sum > bool" +
                  " 0.003 * shop_request_seconds_count",
              ),
          );
        }
        assertEquals(await shops[1].end("SIGTERM"), 0);
        assertEquals(Object.keys(await consul.services()), ["shop-1"]);
        for (const prometheus of started) {
          await assertSoon(["shop-1 up"], () => healthById(prometheus));
        }
        assertEquals(await shops[0].end("SIGTERM"), 0);
        assertEquals(await consul.services(), {});
      } finally {
        for (const prometheus of started) await prometheus.stop();
        for (const program of [...shops, httpSd]) await program.end("SIGKILL");
      }
    });
  },
);

test("docs/discovery.md shows the configuration of examples/consul", async () => {
  const [page, config] = await Promise.all(
    ["docs/discovery.md", "examples/consul/prometheus.yml"]
      .map((file) => readFile(join(ROOT, file), "utf8")),
  );
  assertStringIncludes(page, "```yaml\n" + config + "```");
});

test(
  "a real Prometheus finds what the example of file_sd writes",
  { skip: missing("prometheus") },
  async () => {
    await withFolder(async (folder) => {
      const prometheus = await startPrometheus({
        global: { scrape_interval: "1s" },
        scrape_configs: [{
          job_name: "files",
          file_sd_configs: [{
            files: [join(folder, "*.json")],
            refresh_interval: "1s",
          }],
        }],
      });
      try {
        const isUp = async () =>
          (await prometheus.targets())
            .some(({ labels, health }) =>
              labels.job === "batch" && health === "up"
            );
        // While its main thread is blocked.
        const isScraped = async () => {
          const [found] = await prometheus.query(
            'changes(batch_rounds_total{job="batch"}[5m])',
          );
          return found?.value > 0;
        };
        let wasUp = false;
        // It takes Prometheus five seconds to see a file, and longer under load:
        // the program works for twice as long with each attempt.
        for (let attempt = 1; !await isScraped() && attempt <= 3; attempt++) {
          const seconds = String(5 * 2 ** attempt);
          const { stdout } = await during(
            runProgram("examples/file_sd/main.ts", [folder, seconds]),
            async () => wasUp ||= await isUp(),
          );
          assertEquals(stdout, "registered: true\nregistered: false\n");
        }
        assert(wasUp, "it was not up");
        assert(await isScraped(), "it was not scraped");
        await assertSoon([], () => prometheus.targets());
        assertEquals(await readdir(folder), []);
      } finally {
        await prometheus.stop();
      }
    });
  },
);

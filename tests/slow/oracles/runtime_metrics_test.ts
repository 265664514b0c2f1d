import { assert, assertEquals } from "@std/assert";
import {
  metricsHandler,
  runtimeMetrics,
  startHttpServer,
} from "../../../mod.ts";
import type { Registry } from "../../../src/types.ts";
import { missing } from "../../../tools/servers/locate.ts";
import { client } from "../../_client.ts";
import { whileScraped } from "../../e2e/_prometheus.ts";
import { test } from "../../_suite.ts";
import { assertSoon } from "../../_wait.ts";
import { ORACLES } from "./_judge.ts";
import { checkWithPromtool, parseWithPython } from "./_oracles.ts";

type Combination = (runtime: Registry, defaults: Registry) => Registry[];

/** The runtime's metrics with those of a client, in either order. */
const ORDERS: Readonly<Record<string, Combination>> = {
  "alone": (runtime) => [runtime],
  "before a client's default metrics": (runtime, defaults) => [
    runtime,
    defaults,
  ],
  "after a client's default metrics": (runtime, defaults) => [
    defaults,
    runtime,
  ],
};

async function withRegistries(
  combine: Combination,
  fn: (registry: Registry[]) => Promise<void>,
): Promise<void> {
  const defaults = new client.Registry();
  client.collectDefaultMetrics({ register: defaults });
  const runtime = runtimeMetrics({ eventLoopInterval: 10 });
  try {
    await fn(combine(runtime, defaults));
  } finally {
    runtime.stop();
  }
}

for (const [order, combine] of Object.entries(ORDERS)) {
  test(
    `promtool and Python accept the runtime's metrics ${order}`,
    ORACLES,
    () =>
      withRegistries(combine, async (registry) => {
        const handler = metricsHandler({ registry, onError: () => {} });
        const scrape = async (accept: string) => {
          const request = new Request("http://localhost/metrics", {
            headers: { accept },
          });
          return new Uint8Array(await (await handler(request)).arrayBuffer());
        };
        // Two scrapers take turns.
        for (let turn = 0; turn < 2; turn++) {
          const text = await scrape("text/plain; version=0.0.4");
          const { code, output } = await checkWithPromtool(text);
          // Promtool dislikes some names of the client's other metrics.
          const ofRuntime = output.split("\n").filter((line) =>
            /^(process|runtime)_/.test(line)
          );
          assertEquals(ofRuntime, []);
          assertEquals(code, order === "alone" ? 0 : code & 3, output);
          assert(code !== 1, output);
          const families = await parseWithPython(
            await scrape("application/openmetrics-text; version=1.0.0"),
          );
          const names = families.map(({ name }) => name);
          assertEquals(names.length, new Set(names).size);
          assert(names.includes("process_cpu_seconds"), String(names));
          for (const { name, samples } of families) {
            assert(
              samples.length > 0 || !/^(process|runtime)_/.test(name),
              name,
            );
          }
        }
      }),
  );

  for (const server of ["prometheus", "prometheus3"] as const) {
    test(`${server} takes the runtime's metrics ${order}`, {
      skip: missing(server),
    }, () =>
      withRegistries(combine, async (registry) => {
        const metrics = await startHttpServer({
          addr: "127.0.0.1",
          registry,
          onError: () => {},
        });
        try {
          await whileScraped(metrics, { server }, async (prometheus) => {
            for (
              const name of [
                "process_cpu_seconds_total",
                "runtime_eventloop_delay_seconds_count",
                "runtime_info",
              ]
            ) {
              await assertSoon(
                1,
                async () => (await prometheus.query(name)).length,
              );
            }
          });
        } finally {
          await metrics.close();
        }
      }));
  }
}

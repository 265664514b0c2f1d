import { assert, assertEquals } from "@std/assert";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { missing } from "../../../tools/servers/locate.ts";
import { panelQueries } from "../../e2e/_dashboard.ts";
import { startPrometheus } from "../../e2e/_prometheus.ts";
import { withPreload } from "../../register/_preloaded.ts";
import { test } from "../../_suite.ts";
import { assertSoon } from "../../_wait.ts";

const PROGRAM = "./tests/programs/untouched.ts";

for (const server of ["prometheus", "prometheus3"] as const) {
  test(
    `the panels have data of an untouched application, which is up while it blocks, in ${server}`,
    {
      skip: missing(server),
    },
    async () => {
      await withPreload([PROGRAM, "express"], {}, async (preloaded) => {
        const application = `http://127.0.0.1:${await preloaded.listening()}`;
        const ask = async (path: string) =>
          void await (await fetch(application + path)).text();
        await preloaded.scrape();
        const prometheus = await startPrometheus({
          global: { scrape_interval: "1s" },
          scrape_configs: [{
            job_name: "untouched",
            static_configs: [{ targets: [`127.0.0.1:${preloaded.port}`] }],
          }],
        }, { server });
        try {
          const about = runtimeName() === "bun"
            ? /\bprocess_(cpu|resident|open)/
            : /\b(http_request|process_(cpu|resident|open))/;
          const queries = await panelQueries(about, "untouched");
          assert(queries.length >= 2);
          for (const [title, query] of queries) {
            await assertSoon([title, true], async () => {
              await ask("/users/7");
              await ask("/throws");
              const found = await prometheus.query(query);
              return [title, found.some(({ value }) => value >= 0)];
            });
          }
          await ask("/block");
          const [blocked] = await prometheus.query(
            "min_over_time(prometheus_async_main_thread_responsive[1m])",
          );
          assertEquals(blocked.value, 0);
        } finally {
          await prometheus.stop();
        }
      });
    },
  );
}

import { assert, assertEquals } from "@std/assert";
import * as client from "prom-client";
import { runtimeMetrics, startHttpServerInThread } from "../../mod.ts";
import { runtimeName } from "../../src/runtime/detect.ts";
import { missing } from "../../tools/servers/locate.ts";
import { test } from "../_suite.ts";
import { assertSoon } from "../_wait.ts";
import { panelQueries } from "./_dashboard.ts";
import { whileScraped } from "./_prometheus.ts";

/** The panels that have no value on a runtime, or only after an event. */
const ABSENT: Readonly<Record<string, readonly string[]>> = {
  deno: [],
  bun: ["Garbage collection"],
  node: [],
};

test(
  "a real Prometheus has a value for each panel of the runtime, beside default metrics",
  {
    skip: missing("prometheus"),
  },
  async () => {
    const register = new client.Registry();
    client.collectDefaultMetrics({ register });
    const runtime = runtimeMetrics({ eventLoopInterval: 20 });
    const server = await startHttpServerInThread({
      addr: "127.0.0.1",
      registry: [register, runtime],
      onError: () => {},
    });
    let kept: unknown[] = [];
    try {
      await whileScraped(server, {}, async (prometheus) => {
        const asked = await panelQueries(/\b(process|runtime|nodejs)_/);
        assert(asked.length >= 8);
        for (const [title, expression] of asked) {
          if (ABSENT[runtimeName()].includes(title)) continue;
          await assertSoon(
            [title, true],
            async () => {
              // Something to collect.
              kept = Array.from({ length: 300_000 }, (_, n) => ({ n }));
              const found = await prometheus.query(expression);
              const isThere = found.length > 0 &&
                found.every(({ value }) => value >= 0);
              return [title, isThere];
            },
          );
        }
        for (const name of ["process_cpu_seconds_total", "process_max_fds"]) {
          assertEquals((await prometheus.query(name)).length, 1, name);
        }
        assertEquals(kept.length, 300_000);
      });
    } finally {
      await server.close();
      runtime.stop();
    }
  },
);

import { createApp } from "../../examples/demo/app.ts";
import { metricsHandler } from "../../src/exposition/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as client from "prom-client";
import { missing } from "../../tools/servers/locate.ts";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";
import { assertSoon, waitUntil } from "../_wait.ts";
import { whileScraped } from "./_prometheus.ts";

test("the demo makes requests, prints the scrape and ends with --once", async () => {
  const { stdout } = await runProgram("examples/demo/main.ts", ["--once"]);
  assertMatch(stdout, /^GET \/fast 200$/m);
  assertMatch(stdout, /^GET \/failing 500$/m);
  assertMatch(
    stdout,
    /^demo_request_duration_seconds_count\{handler="fast"\} 3$/m,
  );
  assertMatch(stdout, /^demo_exceptions_total\{handler="failing"\} 1$/m);
  assertMatch(stdout, /^demo_requests_inprogress\{handler="slow"\} 0$/m);
  assertMatch(stdout, /^process_cpu_seconds_total \d/m);
});

test("a streamed response is measured to its last chunk", async () => {
  const { app, registry } = createApp(client);
  const response = await app.request("/streamed");
  const text = await response.text();
  assertEquals(text.split("\n").length, 6);
  const scrape = await (await metricsHandler({ registry })(
    new Request("http://localhost/metrics"),
  )).text();
  const seconds = Number(
    /duration_seconds_sum\{handler="streamed"\} (.*)/.exec(scrape)?.[1],
  );
  // Five pauses of 20 ms; timers may be a little early.
  assert(seconds > 0.09, `measured ${seconds} s`);
});

test(
  "a real Prometheus scrapes the demo",
  { skip: missing("prometheus") },
  async () => {
    const { app, registry } = createApp(client);
    const startedAt = performance.now();
    for (const path of ["/fast", "/fast", "/fast", "/failing"]) {
      await (await app.request(path)).text();
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const server = await startHttpServer({ addr: "127.0.0.1", registry });
    try {
      await whileScraped(server, { job: "demo" }, async (prometheus) => {
        const valueOf = async (expression: string) => {
          let result = await prometheus.query(expression);
          await waitUntil(60_000, `${expression} has a value`, async () => {
            result = await prometheus.query(expression);
            return result.length === 1;
          });
          return result[0].value;
        };
        await assertSoon(1, () => valueOf('up{job="demo"}'));
        const duration = "demo_request_duration_seconds";
        assertEquals(await valueOf(`${duration}_count{handler="fast"}`), 3);
        assertEquals(
          await valueOf(`${duration}_bucket{handler="failing",le="+Inf"}`),
          1,
        );
        assertEquals(
          await valueOf('demo_exceptions_total{handler="failing"}'),
          1,
        );
        // The handler sleeps 5 ms; timers may be a little early.
        const sum = await valueOf(`${duration}_sum{handler="failing"}`);
        assert(
          sum > 0.003 && sum <= seconds,
          `measured ${sum} s of ${seconds}`,
        );
        // It is within the bucket, of which the last one ends at a second.
        const quantile = await valueOf(
          `histogram_quantile(0.9, ${duration}_bucket{handler="failing"})`,
        );
        assert(
          quantile > 0.001 && quantile <= 1,
          `the quantile is ${quantile}`,
        );
      });
    } finally {
      await server.close();
    }
  },
);

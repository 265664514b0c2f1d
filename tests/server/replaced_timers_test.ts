import { metricsHandler } from "../../src/exposition/mod.ts";
import {
  startHttpServer,
  type StartHttpServerOptions,
} from "../../src/server/mod.ts";
import { startHttpServerInThread } from "../../src/thread/mod.ts";
import { repeat, sleep, waitFor } from "../../src/runtime/wait.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { mock } from "node:test";
import { withStoppedGlobals } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { turn } from "../_wait.ts";
import { largeRegistry } from "./_servers.ts";

async function scrape(url: string): Promise<number> {
  const response = await fetch(url);
  await response.text();
  return response.status;
}

const starters: ((options: StartHttpServerOptions) => Promise<
  { readonly metricsUrl: string; close(): Promise<void> }
>)[] = [startHttpServer, startHttpServerInThread];

for (const start of starters) {
  test(`${start.name}() scrapes, compresses and closes where a test has replaced the timers`, async () => {
    const registry = largeRegistry();
    const server = await start({ addr: "127.0.0.1", registry });
    await withStoppedGlobals(async () => {
      const answers = [1, 2, 3].map(() => scrape(server.metricsUrl));
      assertEquals(await Promise.all(answers), [200, 200, 200]);
      await server.close();
    });
  });
}

test("metricsHandler() leaves out a collector that hangs where a test has replaced the timers", async () => {
  const hanging = {
    name: "hanging",
    help: "Hangs",
    type: "gauge",
    get: () => new Promise<never>(() => {}),
  };
  const failures: unknown[] = [];
  const handler = metricsHandler({
    registry: { getMetricsAsArray: () => [hanging] } as never,
    timeout: 1,
    onError: (error) => failures.push(error),
  });
  await withStoppedGlobals(async () => {
    const response = await handler(new Request("http://localhost/metrics"));
    await response.text();
    assertStringIncludes(String(failures[0]), "hanging");
  });
});

test("metricsHandler() answers while and after node:test mocks the timers", async () => {
  const handler = metricsHandler({ registry: largeRegistry() });
  const ask = async () =>
    (await handler(new Request("http://localhost/metrics"))).status;
  await withMockedTimers(async () => {
    assertEquals(await Promise.all([ask(), ask()]), [200, 200]);
    await turn();
    assertEquals(await ask(), 200);
  });
  assertEquals(await ask(), 200);
});

for (const start of starters) {
  test(`${start.name}() is scraped and closed while node:test mocks the timers`, async () => {
    const server = await start({
      addr: "127.0.0.1",
      registry: largeRegistry(),
    });
    await withMockedTimers(async () => {
      const answers = [1, 2].map(() => scrape(server.metricsUrl));
      assertEquals(await Promise.all(answers), [200, 200]);
      await server.close();
    });
  });
}

test("what waits ends its timers while node:test mocks them", async () => {
  let calls = 0;
  const end = repeat(1, () => calls++);
  await withMockedTimers(async () => {
    end();
    const before = calls;
    assertEquals(await waitFor(sleep(10), { ms: 100_000 }), true);
    assertEquals(calls, before);
    const endOther = repeat(1, () => calls++);
    while (calls < before + 2) await sleep(1);
    endOther();
  });
});

async function withMockedTimers(fn: () => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ["setTimeout", "setImmediate", "setInterval"] });
  try {
    await fn();
  } finally {
    mock.timers.reset();
  }
}

import { assert, assertEquals, assertRejects } from "@std/assert";
import * as client from "prom-client";
import {
  startHttpServerInThread,
  startHttpServerInThreadSync,
} from "../../src/thread/mod.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { assertFree } from "../server/_servers.ts";
import {
  discovery,
  PATIENT_MS,
  scrape,
  scrapeDuring,
  valueOf,
} from "./_threads.ts";

const { Registry } = client;

const addr = "127.0.0.1";

test("closeSync() tells what goes wrong, once the event loop turns", async () => {
  const errors: unknown[] = [];
  const server = startHttpServerInThreadSync({
    addr,
    registry: new Registry(),
    serviceDiscovery: discovery({ failsToDeregister: true }),
    onError: (error) => errors.push(error),
  });
  server.closeSync();
  await waitUntil(PATIENT_MS, "it is told", () => errors.length === 1);
  await server.close();
  assertEquals(errors.map(String), ["Error: it stays registered"]);
});

test("closeSync() waits for no scrape that waits for the main thread", async () => {
  const registry = new Registry();
  const asked = Promise.withResolvers<void>();
  const server = await startHttpServerInThread({
    addr,
    registry,
    timeout: PATIENT_MS * 2,
    refreshTimeout: PATIENT_MS * 2,
  });
  new client.Gauge({
    name: "hanging",
    help: "h",
    registers: [registry],
    collect: () => {
      asked.resolve();
      return new Promise<void>(() => {});
    },
  });
  const scrapes = await scrapeDuring(server.metricsUrl, 100, async () => {
    await asked.promise;
    const startedAt = performance.now();
    server.closeSync(PATIENT_MS);
    // It takes milliseconds, or all of its grace.
    assert(performance.now() - startedAt < PATIENT_MS / 2);
  });
  assertEquals(scrapes[0].status, 200);
});

test("close() waits for scrapes in flight on the thread, for its grace", async () => {
  const registry = new Registry();
  const options = { addr, registry, refreshTimeout: PATIENT_MS };
  const server = await startHttpServerInThread(options);
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  new client.Gauge({
    name: "slow",
    help: "s",
    registers: [registry],
    async collect() {
      asked.resolve();
      await answer.promise;
      this.set(42);
    },
  });
  const scraped = scrape(server);
  await asked.promise;
  const closing = server.close();
  answer.resolve();
  assertEquals(valueOf(await scraped, "slow"), 42);
  await closing;

  const cut = await startHttpServerInThread(options);
  const started = Promise.withResolvers<void>();
  new client.Gauge({
    name: "hanging",
    help: "h",
    registers: [registry],
    collect: () => {
      started.resolve();
      return new Promise<void>(() => {});
    },
  });
  const hanging = scrape(cut).catch(() => "cut off");
  await started.promise;
  await cut.close(0);
  assertEquals(await hanging, "cut off");
});

test("close() may be called again, and in any form", async () => {
  const registry = new Registry();
  const server = await startHttpServerInThread({ addr, registry });
  const first = server.close();
  assertEquals(server.close(0), first);
  server.closeSync();
  await first;
  await server[Symbol.asyncDispose]();
  server[Symbol.dispose]();
  await assertFree(addr, server.socket.port);
  await assertRejects(() => server.close(-1), RangeError);
});

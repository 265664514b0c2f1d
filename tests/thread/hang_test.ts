import { assert, assertEquals, assertMatch } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as client from "prom-client";
import { ThreadError } from "../../src/errors.ts";
import {
  startHttpServerInThread,
  type StartThreadedHttpServerOptions,
  type ThreadedMetricsHttpServer,
} from "../../src/thread/mod.ts";
import type { DiscoveryOptions } from "../fixtures/thread_discovery.ts";
import { withFolder } from "../_folder.ts";
import { takePort } from "../_ports.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { discovery, PATIENT_MS, scrape } from "./_threads.ts";

interface Troubled {
  readonly server: ThreadedMetricsHttpServer;
  readonly counter: client.Counter;
  readonly errors: unknown[];
  /** Lets the thread have its trouble. */
  trouble(): Promise<void>;
  /** How often service discovery was told. */
  registrations(): Promise<number>;
}

/** Runs `fn` with a server whose thread does as `options` say once. */
async function withTroubled(
  options: DiscoveryOptions,
  more: StartThreadedHttpServerOptions,
  fn: (troubled: Troubled) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const [when, log] = [join(folder, "now"), join(folder, "log")];
    const registry = new client.Registry();
    const registers = [registry];
    const counter = new client.Counter({ name: "jobs", help: "J", registers });
    const errors: unknown[] = [];
    const server = await startHttpServerInThread({
      addr: "127.0.0.1",
      registry,
      serviceDiscovery: discovery({ ...options, when, log }),
      onError: (error) => errors.push(error),
      ...more,
    });
    try {
      await fn({
        server,
        counter,
        errors,
        trouble: () => writeFile(when, ""),
        registrations: async () =>
          (await readFile(log, "utf8")).split("registered http").length - 1,
      });
    } finally {
      await server.close();
    }
  });
}

/** The page, or "" while the server does not answer. */
async function pageOf({ url }: ThreadedMetricsHttpServer): Promise<string> {
  const response = await fetch(url).catch(() => undefined);
  return await response?.text() ?? "";
}

test("a thread that hangs is told once, also by isRegistered and the page", () =>
  withTroubled({ blocksFor: 8000 }, {}, async (troubled) => {
    const { server, errors, trouble, registrations } = troubled;
    assertEquals(server.isRegistered, true);
    assert(!(await pageOf(server)).includes("has hung"));
    await trouble();
    await waitUntil(PATIENT_MS, "it is told", () => errors.length > 0);
    const [error] = errors as ThreadError[];
    assert(error instanceof ThreadError, String(error));
    assertMatch(
      error.message,
      /^Cannot serve metrics: .* has hung for 5000 ms/,
    );
    assertEquals(server.isRegistered, false);
    await waitUntil(PATIENT_MS, "it goes on", () => server.isRegistered);
    assertMatch(await pageOf(server), /thread has hung, or .*\nonce since/);
    assertEquals([errors.length, await registrations()], [1, 1]);
  }));

test("restartThread replaces a thread that hangs", () =>
  withTroubled(
    { blocksFor: 8000 },
    { restartThread: true },
    async (troubled) => {
      const { server, counter, errors, trouble, registrations } = troubled;
      const { port } = server.socket;
      counter.inc();
      await trouble();
      await waitUntil(PATIENT_MS, "it is told", () => errors.length > 0);
      assertMatch(String(errors[0]), /5000 ms; another one takes its place$/);
      assertEquals(server.isRegistered, false);
      // A label set of the time without a thread.
      counter.inc(41);
      await waitUntil(PATIENT_MS, "it is there", () => server.isRegistered);
      const text = await scrape(server);
      assert(text.includes("\njobs 42\n"), text);
      counter.inc();
      assert((await scrape(server)).includes("\njobs 43\n"));
      assertMatch(await pageOf(server), /\nonce since the start/);
      assertEquals([server.socket.port, await registrations()], [port, 2]);
      // Deno lets go of the port only when the thread goes on.
      const others = errors.slice(1).map(String);
      assert(others.every((each) => each.includes("EADDRINUSE")), `${others}`);
      assert(others.length < 2, `${others}`);
    },
  ));

for (const way of [{ exitCode: 3 }, { throws: "boom" }]) {
  const what = Object.keys(way)[0];
  test(`restartThread replaces a thread that ends by itself: ${what}`, () =>
    withTroubled(way, { restartThread: true }, async (troubled) => {
      const { server, counter, errors, trouble, registrations } = troubled;
      await trouble();
      await waitUntil(PATIENT_MS, "it is told", () => errors.length > 0);
      counter.inc(7);
      const isBack = async () =>
        await registrations() === 2 &&
        server.isRegistered;
      await waitUntil(PATIENT_MS, "another one is there", isBack);
      assert((await scrape(server)).includes("\njobs 7\n"));
      const [error] = errors as ThreadError[];
      assertMatch(error.message, /exited with code \d+ before close\(\)/);
    }));
}

for (const pauseMs of [0, 150, 400]) {
  test(`close() waits for no thread that is being replaced, after ${pauseMs} ms`, () =>
    withTroubled(
      { exitCode: 3 },
      { restartThread: true },
      async ({ server, errors, trouble }) => {
        // Then no other thread can listen.
        const { port } = server.socket;
        await trouble();
        await waitUntil(PATIENT_MS, "it is told", () => errors.length > 0);
        const taker = await takePort(port);
        await sleep(pauseMs);
        const startedAt = performance.now();
        await server.close(PATIENT_MS);
        server.closeSync(PATIENT_MS);
        taker?.close();
        assert(performance.now() - startedAt < PATIENT_MS / 2);
        assertEquals(server.isRegistered, false);
      },
    ));
}

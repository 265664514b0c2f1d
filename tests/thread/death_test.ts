import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { ThreadError } from "../../src/errors.ts";
import {
  startHttpServerInThread,
  startHttpServerInThreadSync,
} from "../../src/thread/mod.ts";
import { readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as client from "prom-client";
import { withFolder } from "../_folder.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { blockUntil, discovery, PATIENT_MS, untilFree } from "./_threads.ts";

const { Counter, Registry } = client;

const addr = "127.0.0.1";

for (
  const [what, options, exitCode, cause] of [
    ["is ended from within", { exitCode: 3 }, 3, undefined],
    ["throws", { throws: "boom" }, 1, "boom"],
  ] as const
) {
  test(`a thread that ${what} is told, and takes nothing down`, () =>
    withFolder(async (folder) => {
      const when = join(folder, "now");
      const registry = new Registry();
      const counter = new Counter({
        name: "c",
        help: "c",
        registers: [registry],
      });
      const before = Object.getOwnPropertyNames(counter);
      const errors: unknown[] = [];
      const server = await startHttpServerInThread({
        addr,
        registry,
        serviceDiscovery: discovery({ ...options, when }),
        onError: (error) => errors.push(error),
      });
      counter.inc();
      await writeFile(when, "");
      await waitUntil(PATIENT_MS, "it is told", () => errors.length > 0);
      const [error] = errors as ThreadError[];
      assert(error instanceof ThreadError, String(error));
      // Bun says 0 of a thread that has thrown.
      if (cause === undefined) assertEquals(error.exitCode, exitCode);
      assertStringIncludes(
        error.message,
        `code ${error.exitCode} before close()`,
      );
      assertEquals((error.cause as Error | undefined)?.message, cause);
      await untilFree(server.socket.port);
      // The metrics go on, as they were before.
      counter.inc();
      assertEquals((await counter.get()).values[0].value, 2);
      assertEquals(Object.getOwnPropertyNames(counter), before);
      await server.close();
      server.closeSync();
      assertEquals(errors.length, 1);
    }));
}

test("a thread that ends while it starts is an error, and no hang", async () => {
  const registry = new Registry();
  const entry = new URL("../fixtures/dying_entry.ts", import.meta.url);
  const error = await assertRejects(
    () => startHttpServerInThread({ addr, registry, entry }),
    ThreadError,
  );
  assertEquals(error.exitCode, 5);
  // After a wait in vain the message would not tell how the thread ended.
  assertThrows(
    () => startHttpServerInThreadSync({ addr, registry, entry }),
    ThreadError,
    "exited with code 5",
  );
});

test("closeSync() waits for no thread that is dead", async () => {
  await withFolder(async (folder) => {
    const [when, log] = [join(folder, "now"), join(folder, "log")];
    const server = await startHttpServerInThread({
      addr,
      registry: new Registry(),
      serviceDiscovery: discovery({ exitCode: 3, when, log }),
      onError: () => {},
    });
    writeFileSync(when, "");
    // It takes no message any more, and nobody is told before the event loop
    // turns.
    const isEnding = () => readFileSync(log, "utf8").endsWith("\nending\n");
    blockUntil("it ends", isEnding);
    const startedAt = performance.now();
    server.closeSync(PATIENT_MS);
    // It takes milliseconds, or all of its grace.
    assert(performance.now() - startedAt < PATIENT_MS / 2);
  });
});

test("a thread that dies while its server starts is told once", async () => {
  const registry = new Registry();
  // It waits for that a little.
  new client.Gauge({
    name: "hanging",
    help: "h",
    registers: [registry],
    collect: () => new Promise<void>(() => {}),
  });
  const errors: unknown[] = [];
  await startHttpServerInThread({
    addr,
    registry,
    serviceDiscovery: discovery({ exitCode: 3 }),
    onError: (error) => errors.push(error),
  }).catch((error) => errors.push(error));
  // Where that takes longer than starting waits, `onError` is told.
  await waitUntil(PATIENT_MS, "it is told", () => errors.length > 0);
  const [error] = errors as ThreadError[];
  assert(error instanceof ThreadError, String(error));
  assertEquals([errors.length, error.exitCode], [1, 3]);
});

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { readFile } from "node:fs/promises";
import { ThreadError } from "../../src/errors.ts";
import {
  startHttpServerInThread,
  startHttpServerInThreadSync,
} from "../../src/thread/mod.ts";
import { client } from "../_client.ts";
import { withFolder } from "../_folder.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import type { DiscoveryOptions } from "../fixtures/thread_discovery.ts";
import { isListening } from "../server/_servers.ts";
import {
  block,
  PATIENT_MS,
  scrape,
  scrapeDuring,
  valueOf,
  withThread,
} from "./_threads.ts";

const { Counter, Registry } = client;
const addr = "127.0.0.1";

/** Waits until a thread has let go of its port: Deno tells of its end before. */
function untilFree(port: number): Promise<void> {
  return waitUntil(
    PATIENT_MS,
    `port ${port} is free`,
    async () => !await isListening(addr, port),
  );
}

function discovery(options: DiscoveryOptions) {
  const url = new URL("../fixtures/thread_discovery.ts", import.meta.url);
  return { module: url, options };
}

test("service discovery in a module runs on the thread", async () => {
  await withFolder(async (folder) => {
    const log = `${folder}/log`;
    const registry = new Registry();
    const serviceDiscovery = discovery({ log });
    let port = 0;
    await withThread({ registry, serviceDiscovery }, async (server) => {
      assertEquals(server.isRegistered, true);
      assertEquals(
        await readFile(log, "utf8"),
        `registered ${server.metricsUrl}\n`,
      );
      port = server.socket.port;
    });
    assertStringIncludes(await readFile(log, "utf8"), "\nderegistered\n");
    assertEquals(await isListening(addr, port), false);

    const sync = startHttpServerInThreadSync({
      addr,
      registry,
      serviceDiscovery,
    });
    assertEquals(sync.isRegistered, true);
    sync.closeSync();
    assertEquals(sync.isRegistered, false);
    const lines = (await readFile(log, "utf8")).trim().split("\n");
    assertEquals(lines.map((line) => line.split(" ")[0]), [
      "registered",
      "deregistered",
      "registered",
      "deregistered",
    ]);
  });
});

test("service discovery in a module has the runtime's own Response", async () => {
  const source = `
    export default () => ({
      async register({ healthUrl }) {
        const answer = await fetch(healthUrl);
        if (answer instanceof Response) return null;
        throw new TypeError("Response is another one");
      },
    })`;
  const module = `data:text/javascript,${encodeURIComponent(source)}`;
  const options = { registry: new Registry(), serviceDiscovery: { module } };
  await withThread(options, async (server) => {
    assertStringIncludes(await scrape(server), "prometheus_async_");
  });
});

test("service discovery on a thread that refuses keeps the server from starting", async () => {
  const registry = new Registry();
  const counter = new Counter({ name: "c", help: "c", registers: [registry] });
  const before = Object.getOwnPropertyNames(counter);
  const options = {
    addr,
    registry,
    serviceDiscovery: discovery({ refuse: "not you" }),
  };
  const error = await assertRejects(
    () => startHttpServerInThread(options),
    RangeError,
  );
  assertEquals(error.message, "not you");
  assertThrows(
    () => startHttpServerInThreadSync(options),
    RangeError,
    "not you",
  );
  const without = { module: "data:text/javascript,export default 1" };
  const unfit = await assertRejects(
    () => startHttpServerInThread({ ...options, serviceDiscovery: without }),
    TypeError,
  );
  assertStringIncludes(unfit.message, without.module);
  assertEquals(Object.getOwnPropertyNames(counter), before);
});

test("a deregistration on the thread that fails is told, and closes the server", async () => {
  const registry = new Registry();
  const errors: unknown[] = [];
  const server = await startHttpServerInThread({
    addr,
    registry,
    serviceDiscovery: discovery({ failsToDeregister: true }),
    onError: (error) => errors.push(error),
  });
  await server.close();
  assertEquals(errors.map(String), ["Error: it stays registered"]);
  assertEquals(server.isRegistered, true);
  assertEquals(await isListening(addr, server.socket.port), false);
  const nothing = await startHttpServerInThread({
    addr,
    registry,
    serviceDiscovery: discovery({ isUnregistered: true }),
  });
  assertEquals(nothing.isRegistered, false);
  await nothing.close();
});

test("a signal ends the start of a server whose discovery hangs", async () => {
  await withFolder(async (folder) => {
    const log = `${folder}/log`;
    const controller = new AbortController();
    const starting = startHttpServerInThread({
      addr,
      registry: new Registry(),
      serviceDiscovery: discovery({ log, hangs: true }),
      signal: controller.signal,
    });
    starting.catch(() => {});
    let text = "";
    await waitUntil(PATIENT_MS, "it registers", async () => {
      text = await readFile(log, "utf8").catch(() => "");
      return text.endsWith("\n");
    });
    const reason = new Error("enough");
    controller.abort(reason);
    assertEquals(await assertRejects(() => starting, Error), reason);
    const { port } = new URL(text.trim().split(" ")[1]);
    await untilFree(Number(port));
  });
});

test("service discovery on the main thread registers a server on a thread", async () => {
  const registry = new Registry();
  const events: string[] = [];
  const serviceDiscovery = {
    register({ metricsUrl }: { metricsUrl: string | null }) {
      events.push(`registered ${metricsUrl}`);
      return Promise.resolve(async () => {
        await Promise.resolve();
        events.push("deregistered");
      });
    },
  };
  const server = await startHttpServerInThread({
    addr,
    registry,
    serviceDiscovery,
  });
  assertEquals(server.isRegistered, true);
  assertEquals(events, [`registered ${server.metricsUrl}`]);
  await server.close();
  assertEquals([server.isRegistered, events[1]], [false, "deregistered"]);

  const sync = await startHttpServerInThread({
    addr,
    registry,
    serviceDiscovery,
  });
  sync.closeSync();
  assertEquals(await isListening(addr, sync.socket.port), false);
  await sync.close();
  assertEquals(events.filter((each) => each === "deregistered").length, 2);

  const refused = await assertRejects(
    () =>
      startHttpServerInThread({
        addr,
        registry,
        serviceDiscovery: { register: () => Promise.reject(new Error("no")) },
      }),
    Error,
  );
  assertEquals(refused.message, "no");
});

for (
  const [what, options, exitCode, cause] of [
    ["is ended from within", { exitCode: 3 }, 3, undefined],
    ["throws", { throws: "boom" }, 1, "boom"],
  ] as const
) {
  test(`a thread that ${what} is told, and takes nothing down`, async () => {
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
      serviceDiscovery: discovery(options),
      onError: (error) => errors.push(error),
    });
    counter.inc();
    await waitUntil(PATIENT_MS, "it is told", () => errors.length > 0);
    const [error] = errors as ThreadError[];
    assert(error instanceof ThreadError, String(error));
    // Bun says 0 of a thread that has thrown.
    if (cause === undefined) assertEquals(error.exitCode, exitCode);
    assertStringIncludes(error.message, `exit code ${error.exitCode}`);
    assertEquals((error.cause as Error | undefined)?.message, cause);
    await untilFree(server.socket.port);
    // The metrics go on, as they were before.
    counter.inc();
    assertEquals((await counter.get()).values[0].value, 2);
    assertEquals(Object.getOwnPropertyNames(counter), before);
    await server.close();
    server.closeSync();
    assertEquals(errors.length, 1);
  });
}

test("a thread that ends while it starts is an error, and no hang", async () => {
  const registry = new Registry();
  const entry = new URL("../fixtures/dying_entry.ts", import.meta.url);
  const error = await assertRejects(
    () => startHttpServerInThread({ addr, registry, entry }),
    ThreadError,
  );
  assertEquals(error.exitCode, 5);
  const startedAt = performance.now();
  assertThrows(
    () => startHttpServerInThreadSync({ addr, registry, entry }),
    ThreadError,
    "exit code 5",
  );
  assert(performance.now() - startedAt < PATIENT_MS);
});

test("closeSync() waits for no thread that is dead", async () => {
  const server = await startHttpServerInThread({
    addr,
    registry: new Registry(),
    serviceDiscovery: discovery({ exitCode: 3 }),
    onError: () => {},
  });
  // It ends now, and nobody is told before the event loop turns.
  block(1000);
  const startedAt = performance.now();
  server.closeSync(PATIENT_MS);
  assert(performance.now() - startedAt < PATIENT_MS / 2);
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

test("a module for service discovery that is not there is named", async () => {
  const module = "file:///no/such/discovery.js";
  const error = await assertRejects(
    () =>
      startHttpServerInThread({
        addr,
        registry: new Registry(),
        serviceDiscovery: { module },
      }),
    Error,
  );
  assertStringIncludes(error.message, `serviceDiscovery.module "${module}"`);
});

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
  assertEquals(await isListening(addr, server.socket.port), false);
  await assertRejects(() => server.close(-1), RangeError);
});

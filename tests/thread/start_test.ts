import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { createServer } from "node:net";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import * as client from "prom-client";
import {
  ListenError,
  ThreadError,
  TlsError,
  UnsupportedOptionError,
} from "../../src/errors.ts";
import {
  startHttpServerInThread,
  startHttpServerInThreadSync,
  type StartThreadedHttpServerOptions,
} from "../../src/thread/mod.ts";
import { Authority } from "../_certificates.ts";
import { curl, curlSync } from "../_curl.ts";
import { withFolder } from "../_folder.ts";
import { runProgram } from "../_spawn.ts";
import { withoutUnixSockets } from "../_platform.ts";
import { test } from "../_suite.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import { waitUntil } from "../_wait.ts";
import { assertFree } from "../server/_servers.ts";
import {
  CLOCKS_MS,
  PATIENT_MS,
  scrape,
  valueOf,
  withThread,
} from "./_threads.ts";

const { Counter, Gauge, Registry } = client;
const addr = "127.0.0.1";

test("startHttpServerInThreadSync() counts from its start how long the main thread is blocked", () => {
  const startedAt = Date.now();
  const registry = new Registry();
  const server = startHttpServerInThreadSync({ addr, registry });
  try {
    const text = curlSync(server.metricsUrl);
    const blocked = "prometheus_async_main_thread_blocked_seconds";
    const sinceStart = (Date.now() - startedAt + CLOCKS_MS) / 1000;
    const seconds = valueOf(text, blocked)!;
    assert(seconds > 0 && seconds <= sinceStart, `blocked for ${seconds} s`);
  } finally {
    server.closeSync();
  }
});

test("startHttpServerInThread() serves what is counted from then on", async () => {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({ name: "c_total", help: "c", registers });
  await withThread({ registry }, async (server) => {
    counter.inc(41);
    new Gauge({ name: "later", help: "l", registers }).set(1);
    counter.inc();
    const text = await scrape(server);
    assertEquals(valueOf(text, "c_total"), 42);
    assertEquals(valueOf(text, "later"), 1);
    assertEquals(server.url, `http://127.0.0.1:${server.socket.port}/`);
    assertEquals([server.https, server.isRegistered], [false, false]);
    const health = await fetch(server.healthUrl);
    assertEquals([health.status, await health.text()], [200, ""]);
  });
});

test("startHttpServerInThread() serves the registries of the loaded clients by default", async () => {
  await withThread({}, async (server) => {
    const page = await (await fetch(server.url)).text();
    assertStringIncludes(page, "the global registries of the clients");
  });
});

test("startHttpServerInThread() takes the options of the ordinary server", async () => {
  const registry = new Registry();
  new Gauge({ name: "a", help: "a", registers: [registry] }).set(1);
  new Gauge({ name: "b", help: "b", registers: [registry] }).set(2);
  const options = {
    registry,
    path: "/own",
    auth: { bearer: ["token"] },
    compress: false,
    maxConnections: 100,
    ownMetrics: false,
  };
  await withThread(options, async (server) => {
    assertEquals(new URL(server.metricsUrl).pathname, "/own");
    assertStringIncludes(await scrape(server), "401");
    const headers = { authorization: "Bearer token" };
    const text = await scrape(server, { headers, search: "?name[]=b" });
    assertEquals([valueOf(text, "a"), valueOf(text, "b")], [undefined, 2]);
    assert(!text.includes("prometheus_async_scrapes_total"), text);
    const page = await fetch(server.url, { headers });
    assertStringIncludes(await page.text(), "2 in a registry");
  });
});

test("startHttpServerInThread() reads options wherever they stand", async () => {
  const registry = new Registry();
  /** Options that are not its own properties. */
  class Options {
    get addr() {
      return addr;
    }
    get path() {
      return "/inherited";
    }
    get auth() {
      return { bearer: ["token"] };
    }
    get registry() {
      return registry;
    }
    get refreshTimeout() {
      return PATIENT_MS;
    }
  }
  const starts = [
    (options: Options) => startHttpServer(options),
    (options: Options) => startHttpServerInThread(options),
  ];
  for (const start of starts) {
    const server = await start(new Options());
    assertEquals(server.socket.addr, addr);
    assertEquals(new URL(server.metricsUrl).pathname, "/inherited");
    assertStringIncludes(await scrape(server), "401");
    await server.close();
    await assertRejects(() => start([] as never), TypeError);
  }
});

test("startHttpServerInThread() speaks mutual TLS, and reads files again", async () => {
  const [authority, other] = await Promise.all([
    Authority.create(),
    Authority.create(),
  ]);
  const [first, own, second] = await Promise.all([
    authority.server(),
    authority.client(),
    other.server(),
  ]);
  await withFolder(async (folder) => {
    const [certFile, keyFile] = [`${folder}/cert.pem`, `${folder}/key.pem`];
    const show = async ({ cert, key }: typeof first) => {
      await writeFile(keyFile, key);
      await writeFile(certFile, cert);
    };
    await show(first);
    const clientCaFile = authority.certFile;
    const tls = { certFile, keyFile, clientCaFile, reloadInterval: 100 };
    await withThread({ registry: new Registry(), tls }, async (server) => {
      assertEquals(server.https, true);
      const secured = ["--cert", own.certFile, "--key", own.keyFile];
      const get = (ca: string, ...args: string[]) =>
        curl("--cacert", ca, ...args, server.metricsUrl);
      const { body } = await get(authority.certFile, ...secured);
      assertStringIncludes(body, "prometheus_async_main_thread_responsive 1");
      assertEquals((await get(authority.certFile)).status, 0);
      await show(second);
      await waitUntil(
        PATIENT_MS,
        "the other certificate is shown",
        async () => (await get(other.certFile, ...secured)).status === 200,
      );
    });
  });
});

test("startHttpServerInThread() listens on a unix socket", {
  skip: withoutUnixSockets,
}, async () => {
  await withFolder(async (folder) => {
    const unix = `${folder}/s`;
    const server = await startHttpServerInThread({
      unix,
      registry: new Registry(),
      refreshTimeout: PATIENT_MS,
    });
    assertEquals([server.socket, server.url], [{ path: unix }, null]);
    const url = "http://localhost/metrics";
    const { body } = await curl("--unix-socket", unix, url);
    assertStringIncludes(body, "prometheus_async_main_thread_responsive 1");
    await server.close();
  });
});

test("startHttpServerInThread() rejects with what keeps it from listening", async () => {
  const registry = new Registry();
  const holder = createServer().listen(0, addr);
  await once(holder, "listening");
  const { port } = holder.address() as { port: number };
  try {
    const taken = await assertRejects(
      () => startHttpServerInThread({ addr, port, registry }),
      ListenError,
    );
    assertEquals([taken.code, taken.port, taken.addr], [
      "EADDRINUSE",
      port,
      addr,
    ]);
    assertEquals(taken.name, "ListenError");
    assertInstanceOf(taken.cause, Error);
  } finally {
    holder.close();
  }
  const missing = { certFile: "/no/such/file", keyFile: "/no/such/file" };
  const tls = await assertRejects(
    () => startHttpServerInThread({ addr, registry, tls: missing }),
    TlsError,
  );
  assertStringIncludes(tls.message, "/no/such/file");
  // Nothing is attached any more.
  const gauge = new Gauge({ name: "g", help: "g", registers: [registry] });
  assertEquals(Object.getOwnPropertyDescriptor(gauge, "set"), undefined);
});

test("startHttpServerInThread() refuses what it cannot use before it starts", async () => {
  const registry = new Registry();
  const wrong: [object, string][] = [
    [{ prot: 1 }, "prot"],
    [{ refreshTimeOut: 1 }, "received refreshTimeOut for refreshTimeout"],
    [{ refreshTimeout: -1 }, "refreshTimeout"],
    [{ refreshTimeout: "1" }, "refreshTimeout"],
    [{ entry: "./entry.js" }, "entry must be an absolute URL"],
    [{ serviceDiscovery: { module: "./d.js" } }, "serviceDiscovery.module"],
    [{ serviceDiscovery: { module: "file:///d", modul: 1 } }, "modul"],
    [
      { serviceDiscovery: { module: "file:///d", options: () => {} } },
      "serviceDiscovery.options",
    ],
    [{ serviceDiscovery: {} }, "register()"],
    [{ auth: { bearer: ["a b"] } }, "auth.bearer"],
    [{ registry: {} }, "getMetricsAsArray"],
    [{ onError: 1 }, "onError"],
  ];
  for (const [options, words] of wrong) {
    const given = { addr, registry, ...options };
    for (
      const start of [
        () => startHttpServerInThread(given as never),
        // deno-lint-ignore require-await
        async () => startHttpServerInThreadSync(given as never),
      ]
    ) {
      const error = await assertRejects(start, Error);
      assertStringIncludes(error.message, words);
      assert(/^(Type|Range)Error$/.test(error.name), error.name);
    }
  }
});

test("startHttpServerInThread() says when the thread's module is not there", async () => {
  const registry = new Registry();
  for (
    const entry of [
      new URL("./no_such_entry.js", import.meta.url),
      "data:text/javascript,export const other = 1",
    ]
  ) {
    const error = await assertRejects(
      () => startHttpServerInThread({ addr, registry, entry }),
      ThreadError,
    );
    assertStringIncludes(error.message, `"${entry}"`);
    assertStringIncludes(error.message, "`entry`");
    assert(!error.message.includes("data:text/javascript,%0A"), error.message);
    assertThrows(
      () => startHttpServerInThreadSync({ addr, registry, entry }),
      ThreadError,
      `"${entry}"`,
    );
  }
});

test("startHttpServerInThread() starts nothing for a signal that has aborted", async () => {
  const registry = new Registry();
  const reason = new Error("enough");
  const options = { addr, registry, signal: AbortSignal.abort(reason) };
  const thrown = await assertRejects(
    () => startHttpServerInThread(options),
    Error,
  );
  assertEquals(thrown, reason);
  assertThrows(() => startHttpServerInThreadSync(options), Error, "enough");
  const controller = new AbortController();
  const { signal } = controller;
  const starting = startHttpServerInThread({ ...options, signal });
  controller.abort(reason);
  assertEquals(await assertRejects(() => starting, Error), reason);
  const other = new AbortController();
  const aborting = () => {
    other.abort(reason);
    return registry;
  };
  assertThrows(
    () =>
      startHttpServerInThreadSync({
        ...options,
        registry: aborting,
        signal: other.signal,
      }),
    Error,
    "enough",
  );
});

test("a signal closes a server on a thread, however it was started", async () => {
  const registry = new Registry();
  const starts = [
    (signal: AbortSignal) =>
      startHttpServerInThread({ addr, registry, signal }),
    (signal: AbortSignal) =>
      startHttpServerInThreadSync({ addr, registry, signal }),
  ];
  for (const start of starts) {
    const controller = new AbortController();
    const server = await start(controller.signal);
    controller.abort();
    await server.close();
    await assertFree(addr, server.socket.port);
  }
});

test("startHttpServerInThreadSync() works in a script that never awaits", async () => {
  const { stdout } = await runProgram("tests/programs/thread_sync.ts");
  const { scraped, taken, closed, health } = JSON.parse(stdout);
  assertEquals(valueOf(scraped, 'jobs_total{kind="a"}'), 5);
  assertEquals(
    valueOf(scraped, "prometheus_async_main_thread_responsive"),
    0,
  );
  assertEquals(taken, ["EADDRINUSE", true]);
  assertEquals([closed, health], ["refused", ""]);
});

test("startHttpServerInThreadSync() refuses what it would have to wait for", () => {
  const registry = new Registry();
  const never = { register: () => Promise.resolve(null) };
  for (
    const [options, words] of [
      [{ registry: () => Promise.resolve(registry) }, "yields a promise"],
      [{ registry: () => Promise.reject(new Error("no")) }, "yields a promise"],
      [{ registry, serviceDiscovery: never }, "{ module }"],
    ] as const
  ) {
    assertThrows(
      () =>
        startHttpServerInThreadSync({
          addr,
          ...options,
        } as StartThreadedHttpServerOptions),
      TypeError,
      words,
    );
  }
});

test("a runtime's refusal reaches who starts a server on a thread", async () => {
  const authority = await Authority.create();
  const { certFile, keyFile } = await authority.server();
  const start = () =>
    startHttpServerInThread({
      addr,
      registry: new Registry(),
      tls: { certFile, keyFile },
      maxConnections: 3,
    });
  // Only Bun has no server for both.
  if ("Bun" in globalThis) {
    const error = await assertRejects(start, UnsupportedOptionError);
    assertEquals([error.option, error.runtime], ["tls.certFile", "Bun"]);
  } else await (await start()).close();
});

test("closeSync() checks its grace, and leaves nothing attached", () => {
  const registry = new Registry();
  const counter = new Counter({ name: "c", help: "c", registers: [registry] });
  const properties = () => Object.getOwnPropertyNames(counter).sort();
  const before = properties();
  const server = startHttpServerInThreadSync({ addr, registry });
  assertThrows(() => server.closeSync(-1), RangeError, "grace");
  assertThrows(() => server.closeSync("1" as never), TypeError, "grace");
  server.closeSync(0);
  assertEquals(properties(), before);
});

test("the process ends before long when starting was given up", async () => {
  const { stdout } = await runProgram("tests/programs/thread_aborted.ts");
  // It takes a tenth of a second, or the thirty that starting may take.
  assert(Number(stdout) < 25, `it lived for ${stdout} s`);
});

test("the process ends by itself although servers on threads listen", async () => {
  const { stdout } = await runProgram("tests/programs/thread_exit.ts");
  assertEquals(stdout.trim(), "200");
});

import {
  type DiscoveryContext,
  ListenError,
  startHttpServer,
} from "../../src/server/mod.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import process from "node:process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { runtimeName } from "../../src/runtime/detect.ts";
import { Authority } from "../_certificates.ts";
import { capturedErrors } from "../_fakes.ts";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";
import {
  assertFree,
  contract,
  largeRegistry,
  slowRegistry,
  withFreePort,
} from "./_servers.ts";

/** A reason for a signal to abort. */
class Stop extends Error {}

/** Connects to a server, and sends something. */
async function connected(port: number, request: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(request);
  return socket;
}

contract(
  "close() cuts off a scrape that is not done within the grace",
  async (loopback) => {
    const { registry, asked, answer } = slowRegistry();
    const server = await startHttpServer({ ...loopback, registry });
    const scrape = fetch(server.metricsUrl).then((response) => response.text());
    const failed = scrape.then(() => false, () => true);
    await asked;
    await server.close(100);
    assertEquals(await failed, true);
    const { addr, port } = server.socket;
    await assertFree(addr, port);
    answer();
  },
);

contract("close() cuts off clients that stall", async (loopback) => {
  const registry = largeRegistry();
  const server = await startHttpServer({ ...loopback, registry });
  const { port } = server.socket;
  const reader = await connected(
    port,
    "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
  );
  await once(reader, "readable");
  const stalled = [
    "GET /metrics HTTP/1.1\r\nHost: a\r\n",
    "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na",
  ].map((request) => connected(port, request));
  const sockets = [reader, ...await Promise.all(stalled)];
  await server.close(200);
  // Only those who read learn that it has ended.
  for (const socket of sockets) {
    if (!socket.closed) await once(socket.resume(), "close");
  }
});

contract("close() may be called again to hurry it", async (loopback) => {
  const { registry, asked, answer } = slowRegistry();
  const server = await startHttpServer({ ...loopback, registry });
  const scrape = fetch(server.metricsUrl).catch(() => undefined);
  await asked;
  const closed = server.close(2 ** 31 - 1);
  assertStrictEquals(server.close(0), closed);
  assertStrictEquals(server.close(), closed);
  await closed;
  answer();
  await (await scrape)?.body?.cancel();
});

contract(
  "close() refuses a grace that is none, and then still closes",
  async (loopback) => {
    const server = await startHttpServer(loopback);
    for (const grace of [-1, NaN, Infinity, 2 ** 31]) {
      await assertRejects(() => server.close(grace), RangeError, "grace");
    }
    const wrong = "1" as unknown as number;
    await assertRejects(() => server.close(wrong), TypeError, "grace");
    assertEquals((await fetch(server.healthUrl)).status, 200);
    await server.close();
  },
);

contract("a port is free when close() settles", async (loopback) => {
  let isFree = false;
  // Between the two another test's server may get the port, but not each time.
  for (let n = 0; n < 5 && !isFree; n++) {
    const server = await startHttpServer(loopback);
    await (await fetch(server.metricsUrl)).text();
    const { port } = server.socket;
    await server.close();
    const next = await startHttpServer({ ...loopback, port })
      .catch((error) => assertEquals(error.code, "EADDRINUSE"));
    isFree = next !== undefined;
    await next?.close();
  }
  assert(isFree);
});

contract("a signal that has aborted starts no server", async (loopback) => {
  const reason = new Stop();
  const signal = AbortSignal.abort(reason);
  const error = await assertRejects(
    () => startHttpServer({ ...loopback, signal }),
    Stop,
  );
  assertStrictEquals(error, reason);
});

contract(
  "a signal that aborts while a server starts leaves none",
  async (loopback) => {
    await withFreePort(async (port) => {
      const aborter = new AbortController();
      const reason = new Stop();
      const { signal } = aborter;
      const started = startHttpServer({ ...loopback, port, signal });
      aborter.abort(reason);
      const error = await assertRejects(() => started, Error);
      if (error instanceof ListenError) throw error;
      assertStrictEquals(error, reason);
      await assertFree("127.0.0.1", port);
    });
  },
);

contract(
  "a signal closes a server, and lets a scrape finish",
  async (loopback) => {
    const { registry, asked, answer } = slowRegistry();
    const aborter = new AbortController();
    const { signal } = aborter;
    const server = await startHttpServer({ ...loopback, registry, signal });
    const scrape = fetch(server.metricsUrl);
    await asked;
    aborter.abort();
    answer();
    assertStringIncludes(await (await scrape).text(), "slow 42\n");
    await server.close();
    const { addr, port } = server.socket;
    await assertFree(addr, port);
  },
);

for (const adapter of ["own", "node:http"]) {
  test(`an unref'd server lets the process end, on its ${adapter} server`, async () => {
    const program = "tests/programs/unref_server.ts";
    const { stdout, stderr } = await runProgram(program, [adapter]);
    assertEquals([stdout, stderr], ["200\n200\n", ""]);
  });

  test(`a program ends after close() although a client stalls, on its ${adapter} server`, async () => {
    const program = "tests/programs/stalled_close.ts";
    const { stdout, stderr } = await runProgram(program, [adapter]);
    assertEquals([stdout, stderr], ["closed\n", ""]);
  });

  for (const hanging of ["collector", "registry"]) {
    for (const end of ["close", "unref"]) {
      const isGap = end === "unref" && adapter === "node:http" &&
        runtimeName() === "bun";
      const isOldGap = end === "close" && adapter === "own" &&
        process.versions.bun === "1.4.0";
      const skip = isGap
        ? "Bun's node:http keeps the process while it answers"
        : isOldGap
        ? "Bun 1.4.0 keeps the process while a closed server answers"
        : undefined;
      test(
        `${end}() lets the process end although a ${hanging} hangs, on its ${adapter} server`,
        { skip },
        async () => {
          const program = "tests/programs/hanging_close.ts";
          const { stdout } = await runProgram(program, [adapter, hanging, end]);
          assertEquals(stdout, "may end\n");
        },
      );
    }
  }
}

test("an unref'd server with renewed certificates lets the process end", async () => {
  const { certFile, keyFile } = await (await Authority.create()).server();
  const program = "tests/programs/unref_server.ts";
  const { stdout } = await runProgram(program, ["renewed", certFile, keyFile]);
  assertEquals(stdout, "200\n200\n");
});

test("a program ends at once when close() is called again after it", async () => {
  const program = "tests/programs/closed_twice.ts";
  const { stdout, stderr } = await runProgram(program);
  assertEquals([stdout, stderr], ["ended at once\n", ""]);
});

/** A service discovery that tells what it is asked. */
function fakeDiscovery(deregister: (() => Promise<void>) | null) {
  const registered: unknown[] = [];
  return {
    registered,
    register(server: unknown) {
      registered.push(server);
      return Promise.resolve(deregister);
    },
  };
}

contract(
  "startHttpServer() registers where it is, and close() deregisters it",
  async (loopback) => {
    const states: unknown[] = [];
    const discovery = fakeDiscovery(async () => {
      states.push((await fetch(server.healthUrl)).status, server.isRegistered);
    });
    const options = { ...loopback, serviceDiscovery: discovery };
    const server = await startHttpServer(options);
    assertEquals(server.isRegistered, true);
    const { socket, https, mutualTls, url, metricsUrl, healthUrl } = server;
    assertEquals(discovery.registered, [
      { socket, https, mutualTls, url, metricsUrl, healthUrl },
    ]);
    await server.close();
    // It was still there to be asked when it was deregistered.
    assertEquals(states, [200, true]);
    assertEquals(server.isRegistered, false);
  },
);

test("service discovery tells what it knows, until the server is closed", async () => {
  const told: unknown[] = [];
  let context: DiscoveryContext | undefined;
  const server = await startHttpServer({
    addr: "127.0.0.1",
    registry: { getMetricsAsArray: () => [] },
    onError: (error) => told.push(error),
    serviceDiscovery: {
      register(info, given) {
        context = given;
        // It has its own copy.
        Object.assign(info, { metricsUrl: "elsewhere" });
        Object.assign(info.socket, { port: 1 });
        given.onChange(false);
        return Promise.resolve(() => {
          // As a program that stops all when one part does.
          void server.close();
          return Promise.resolve();
        });
      },
    },
  });
  assertEquals(server.isRegistered, false);
  assert(server.metricsUrl.endsWith(`:${server.socket.port}/metrics`));
  context!.onChange(true);
  assertEquals(server.isRegistered, true);
  const error = new Stop();
  context!.onError(error);
  assertEquals(told, [error]);
  const text = await (await fetch(server.metricsUrl)).text();
  assertMatch(text, /^prometheus_async_discovery_registered 1$/m);
  assertMatch(text, /^prometheus_async_discovery_failures_total 1$/m);
  await server.close();
  // It has not said otherwise.
  assertEquals(server.isRegistered, true);
  context!.onChange(false);
  assertEquals([server.isRegistered, told.length], [false, 1]);
  // Nobody can be registered who is gone.
  context!.onChange(true);
  assertEquals(server.isRegistered, false);
});

test("the metrics of service discovery are served where there is one", async () => {
  const serviceDiscovery = fakeDiscovery(null);
  const addr = "127.0.0.1";
  for (
    const options of [{ addr }, { addr, serviceDiscovery, ownMetrics: false }]
  ) {
    const server = await startHttpServer(options);
    const text = await (await fetch(server.metricsUrl)).text();
    await server.close();
    assert(!text.includes("prometheus_async_discovery"), text);
  }
  const server = await startHttpServer({ addr, serviceDiscovery });
  const response = await fetch(
    `${server.metricsUrl}?name[]=prometheus_async_discovery_registered`,
  );
  const text = await response.text();
  await server.close();
  assertEquals(text.match(/^prometheus.*/mg), [
    "prometheus_async_discovery_registered 0",
  ]);
});

test("a server that was not registered says so", async () => {
  const serviceDiscovery = fakeDiscovery(null);
  const options = { addr: "127.0.0.1", serviceDiscovery };
  const server = await startHttpServer(options);
  assertEquals(server.isRegistered, false);
  await server.close();
});

contract(
  "startHttpServer() rejects with what service discovery throws, and closes",
  async (loopback) => {
    const reason = new Stop();
    let where: { socket: { addr: string; port: number } } | undefined;
    const serviceDiscovery = {
      register(server: unknown) {
        where = server as typeof where;
        return Promise.reject(reason);
      },
    };
    const error = await assertRejects(
      () => startHttpServer({ ...loopback, serviceDiscovery }),
      Stop,
    );
    assertStrictEquals(error, reason);
    const { addr, port } = where!.socket;
    await assertFree(addr, port);
  },
);

test("startHttpServer() refuses a registration that nothing can undo", async () => {
  const serviceDiscovery = { register: () => Promise.resolve("done") };
  const options = { addr: "127.0.0.1", serviceDiscovery } as never;
  await assertRejects(
    () => startHttpServer(options),
    TypeError,
    "must yield a function or null, received string",
  );
});

test("a signal that aborts while a server is registered deregisters it", async () => {
  const aborter = new AbortController();
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<() => Promise<void>>();
  const started = startHttpServer({
    addr: "127.0.0.1",
    signal: aborter.signal,
    serviceDiscovery: {
      register() {
        asked.resolve();
        return answered.promise;
      },
    },
  });
  const reason = new Stop();
  await asked.promise;
  aborter.abort(reason);
  assertStrictEquals(await assertRejects(() => started, Stop), reason);
  await new Promise<void>((resolve) =>
    answered.resolve(() => Promise.resolve(resolve()))
  );
});

test("a deregistration that fails is reported, and the server closes", async () => {
  const reason = new Stop();
  const fail = () => Promise.reject(reason);
  const errors: unknown[] = [];
  const server = await startHttpServer({
    addr: "127.0.0.1",
    serviceDiscovery: fakeDiscovery(fail),
    onError: (error) => void errors.push(error),
  });
  await server.close();
  assertEquals(errors, [reason]);
  assertEquals(server.isRegistered, true);
  const { addr, port } = server.socket;
  await assertFree(addr, port);
});

test("a deregistration that fails is shown on the console by default", async () => {
  const printed = await capturedErrors(async () => {
    const server = await startHttpServer({
      addr: "127.0.0.1",
      serviceDiscovery: fakeDiscovery(() => Promise.reject(new Stop())),
    });
    await server.close();
  });
  assertStringIncludes(String(printed[0][0]), "deregister metrics server");
});

test("close() waits no longer than the grace for a deregistration that hangs", async () => {
  const errors: Error[] = [];
  const server = await startHttpServer({
    addr: "127.0.0.1",
    serviceDiscovery: fakeDiscovery(() => new Promise(() => {})),
    onError: (error) => void errors.push(error as Error),
  });
  await server.close(100);
  assertStringIncludes(errors[0].message, "within the grace period of close()");
  const { addr, port } = server.socket;
  await assertFree(addr, port);
  assert(server.isRegistered);
});

test("startHttpServer() refuses what is no service discovery, and no signal", async () => {
  for (const options of [{ serviceDiscovery: {} }, { signal: {} }]) {
    await assertRejects(
      () => startHttpServer({ addr: "127.0.0.1", ...options } as never),
      TypeError,
      "must have the method",
    );
  }
});

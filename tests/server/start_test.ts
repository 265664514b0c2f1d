import {
  ListenError,
  type MetricsHttpServer,
  startHttpServer,
  type StartHttpServerOptions,
} from "../../src/server/mod.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { client } from "../_client.ts";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";

const withoutIpv6 =
  Object.values(networkInterfaces()).flat().some((each) =>
      each?.address === "::1"
    )
    ? undefined
    : "this system has no IPv6";

const LOOPBACK = { addr: "127.0.0.1" };

/** A registry whose one metric takes its time to collect. */
function slowRegistry(): {
  registry: InstanceType<typeof client.Registry>;
  asked: Promise<void>;
  answer: () => void;
} {
  const registry = new client.Registry();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  new client.Gauge({
    name: "slow",
    help: "Slow",
    registers: [registry],
    async collect() {
      asked.resolve();
      await answer.promise;
      this.set(42);
    },
  });
  return { registry, asked: asked.promise, answer: answer.resolve };
}

/** Runs `fn` with a server, which is closed afterwards. */
async function withServer(
  options: StartHttpServerOptions,
  fn: (server: MetricsHttpServer) => void | Promise<void>,
): Promise<void> {
  const server = await startHttpServer(options);
  try {
    await fn(server);
  } finally {
    await server.close();
  }
}

/** Sends bytes and yields all that is answered. */
function send(server: MetricsHttpServer, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const { addr, port } = server.socket;
    const socket = connect(port, addr, () => socket.write(request));
    socket.on("data", (chunk) => answer += chunk);
    socket.once("error", reject).once("close", () => resolve(answer));
  });
}

/** Waits until a server accepts no more connections. */
async function untilRefusing({ socket }: MetricsHttpServer): Promise<void> {
  await waitUntil(
    20_000,
    "the server accepts no more connections",
    async () => !await isListening(socket.addr, socket.port),
  );
}

/** Whether something accepts connections there. */
function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

test("startHttpServer() serves the registry's metrics under /metrics", async () => {
  const registry = new client.Registry();
  const counter = new client.Counter({
    name: "test_start_http_server_total",
    help: "cnt",
    registers: [registry],
  });
  await withServer({ ...LOOPBACK, registry }, async (server) => {
    counter.inc();
    const response = await fetch(server.metricsUrl);
    assertEquals(response.status, 200);
    assertEquals(
      response.headers.get("content-type"),
      "text/plain; version=0.0.4; charset=utf-8",
    );
    const text = await response.text();
    assertStringIncludes(
      text,
      "# HELP test_start_http_server_total cnt\n" +
        "# TYPE test_start_http_server_total counter\n" +
        "test_start_http_server_total 1\n",
    );
    assertStringIncludes(text, "prometheus_async_scrapes_in_flight 1\n");
  });
});

test("startHttpServer() takes a free port and tells its address", async () => {
  await withServer(LOOPBACK, (server) => {
    const { addr, port } = server.socket;
    assertEquals(addr, "127.0.0.1");
    assert(Number.isInteger(port) && port > 0);
    assertEquals(server.https, false);
    assertEquals(server.url, `http://127.0.0.1:${port}/`);
    assertEquals(server.metricsUrl, `http://127.0.0.1:${port}/metrics`);
    assertEquals(server.healthUrl, `http://127.0.0.1:${port}/-/healthy`);
  });
});

test("startHttpServer() takes the port it is given", async () => {
  const first = await startHttpServer(LOOPBACK);
  const { port } = first.socket;
  await first.close();
  await withServer({ ...LOOPBACK, port }, (second) => {
    assertEquals(second.socket.port, port);
  });
});

test("startHttpServer() listens on all interfaces by default", async () => {
  await withServer({}, async (server) => {
    const { addr, port } = server.socket;
    assert(addr === "::" || addr === "0.0.0.0", addr);
    assertEquals(server.url, `http://127.0.0.1:${port}/`);
    assertEquals((await fetch(server.healthUrl)).status, 200);
  });
});

test("startHttpServer() tells the address a host name was bound to", async () => {
  await withServer({ addr: "localhost" }, async (server) => {
    assertMatch(server.socket.addr, /^(127\.0\.0\.1|::1)$/);
    assertEquals((await fetch(server.healthUrl)).status, 200);
  });
});

test(
  "startHttpServer() listens on IPv6 by default",
  { skip: withoutIpv6 },
  async () => {
    await withServer({}, async (server) => {
      const url = `http://[::1]:${server.socket.port}/-/healthy`;
      assertEquals((await fetch(url)).status, 200);
    });
  },
);

test("startHttpServer() puts an IPv6 address into brackets in its URLs", {
  skip: withoutIpv6,
}, async () => {
  await withServer({ addr: "::1" }, async (server) => {
    assertMatch(server.url, /^http:\/\/\[::1\]:\d+\/$/);
    assertEquals((await fetch(server.healthUrl)).status, 200);
  });
});

test("startHttpServer() answers health checks with 200 and nothing else", async () => {
  await withServer(LOOPBACK, async (server) => {
    const response = await fetch(server.healthUrl);
    assertEquals(response.status, 200);
    assertEquals(await response.text(), "");
  });
});

test("startHttpServer() links from its root to the metrics", async () => {
  await withServer(LOOPBACK, async (server) => {
    const response = await fetch(server.url);
    assertEquals(
      response.headers.get("content-type"),
      "text/html; charset=utf-8",
    );
    assertStringIncludes(await response.text(), '<a href="/metrics">');
  });
});

test("startHttpServer() answers 404 elsewhere", async () => {
  await withServer(LOOPBACK, async (server) => {
    const response = await fetch(new URL("/nowhere", server.url));
    assertEquals(response.status, 404);
    await response.body?.cancel();
  });
});

test("startHttpServer() rejects when the port is taken, with the same error everywhere", async () => {
  await withServer(LOOPBACK, async (server) => {
    const { port } = server.socket;
    const error = await assertRejects(
      () => startHttpServer({ ...LOOPBACK, port }),
      ListenError,
    );
    assertEquals(error.name, "ListenError");
    assertEquals(error.code, "EADDRINUSE");
    assertEquals(error.addr, "127.0.0.1");
    assertEquals(error.port, port);
    assertEquals(
      error.message,
      `Cannot listen on address "127.0.0.1", port ${port}: EADDRINUSE`,
    );
    assert(error.cause instanceof Error);
  });
});

test("startHttpServer() rejects when the port is taken on all interfaces", async () => {
  await withServer({}, async (server) => {
    const { port } = server.socket;
    const error = await assertRejects(
      () => startHttpServer({ port }),
      ListenError,
    );
    assertEquals(error.code, "EADDRINUSE");
    assertEquals(error.addr, "");
  });
});

test("startHttpServer() rejects an address that is not this machine's", async () => {
  // 192.0.2.0/24 is for documentation (RFC 5737); nothing is sent there.
  const error = await assertRejects(
    () => startHttpServer({ addr: "192.0.2.1" }),
    ListenError,
  );
  assertEquals(error.code, "EADDRNOTAVAIL");
});

test("startHttpServer() refuses a port out of range", async () => {
  for (const port of [-1, 65536, 1.5, NaN]) {
    await assertRejects(
      () => startHttpServer({ ...LOOPBACK, port }),
      RangeError,
      `port must be an integer from 0 to 65535, received ${port}`,
    );
  }
});

test("startHttpServer() refuses options of the wrong type", async () => {
  const wrong: [unknown, string][] = [
    [{ port: "9090" }, 'received "9090"'],
    [{ addr: 42 }, "addr must be a string, received 42"],
    [{ addr: null }, "addr must be a string, received null"],
    [{ registry: {} }, "registry must have the method getMetricsAsArray()"],
  ];
  for (const [options, message] of wrong) {
    await assertRejects(
      () => startHttpServer(options as StartHttpServerOptions),
      TypeError,
      message,
    );
  }
});

test("startHttpServer() answers a request without a Host header", async () => {
  await withServer(LOOPBACK, async (server) => {
    const answer = await send(server, "GET /metrics HTTP/1.0\r\n\r\n");
    assertMatch(answer, /^HTTP\/1\.[01] 200 /);
  });
});

test("startHttpServer() tells who sends a broken Host header nothing of itself", async () => {
  await withServer(LOOPBACK, async (server) => {
    for (const host of ["a b", "[::1]x", '"><script>']) {
      const answer = await send(
        server,
        `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      assertMatch(answer, /^HTTP\/1\.1 (200|400) /, host);
      assert(!answer.includes("src/"), answer);
    }
  });
});

test("startHttpServer() prints nothing and leaves the globals alone", async () => {
  const { stdout, stderr } = await runProgram("tests/programs/quiet_server.ts");
  assertEquals([stdout, stderr], ["true\n", ""]);
});

test("close() stops listening, and may be called twice", async () => {
  const server = await startHttpServer(LOOPBACK);
  const { addr, port } = server.socket;
  await (await fetch(server.metricsUrl)).text();
  assert(await isListening(addr, port));
  const closed = server.close();
  assertStrictEquals(server.close(), closed);
  await closed;
  assertEquals(await isListening(addr, port), false);
});

test("close() lets a scrape in flight finish", async () => {
  const { registry, asked, answer } = slowRegistry();
  const server = await startHttpServer({ ...LOOPBACK, registry });
  const scrape = fetch(server.metricsUrl);
  await asked;
  let isClosed = false;
  const closed = server.close().then(() => isClosed = true);
  await untilRefusing(server);
  assertEquals(isClosed, false);
  answer();
  assertStringIncludes(await (await scrape).text(), "slow 42\n");
  await closed;
});

test("close() ends a connection when its last answer is sent", async () => {
  const { registry, asked, answer } = slowRegistry();
  const server = await startHttpServer({ ...LOOPBACK, registry });
  // A client that never ends the connection itself.
  const answered = send(server, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  await asked;
  const closed = server.close();
  answer();
  const started = performance.now();
  assertStringIncludes(await answered, "slow 42\n");
  await closed;
  // Left to itself Node keeps the connection for six seconds.
  assert(performance.now() - started < 5000);
});

test("close() does not wait for a client that asks for nothing", async () => {
  const server = await startHttpServer(LOOPBACK);
  const socket = connect(server.socket.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  // The server has taken that connection when it answers a later one.
  await (await fetch(server.metricsUrl)).text();
  await server.close();
  socket.destroy();
});

test("startHttpServer() serves scrapes that overlap", async () => {
  const { registry, asked, answer } = slowRegistry();
  await withServer({ ...LOOPBACK, registry }, async (server) => {
    const scrapes = Array.from({ length: 5 }, () => fetch(server.metricsUrl));
    await asked;
    answer();
    for (const response of await Promise.all(scrapes)) {
      assertStringIncludes(await response.text(), "slow 42\n");
    }
  });
});

test("a server is closed by Symbol.asyncDispose", async () => {
  const server = await startHttpServer(LOOPBACK);
  const { addr, port } = server.socket;
  await server[Symbol.asyncDispose]();
  assertEquals(await isListening(addr, port), false);
});

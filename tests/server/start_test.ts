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
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";

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
    assertEquals(
      await response.text(),
      "# HELP test_start_http_server_total cnt\n" +
        "# TYPE test_start_http_server_total counter\n" +
        "test_start_http_server_total 1\n",
    );
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
    assertEquals(server.url, `http://127.0.0.1:${port}/`);
    assertEquals((await fetch(server.healthUrl)).status, 200);
    if (withoutIpv6) return assertEquals(addr, "0.0.0.0");
    assertEquals(addr, "::");
    assertEquals((await fetch(`http://[::1]:${port}/-/healthy`)).status, 200);
  });
});

test("startHttpServer() puts an IPv6 address into brackets in its URLs", async () => {
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
      "port must be an integer from 0 to 65535",
    );
  }
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
  const closed = server.close();
  answer();
  assertStringIncludes(await (await scrape).text(), "slow 42\n");
  await closed;
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

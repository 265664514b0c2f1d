import {
  ListenError,
  startHttpServer,
  type StartHttpServerOptions,
} from "../../src/server/mod.ts";
import { runtimeName } from "../../src/runtime/detect.ts";
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
import * as client from "prom-client";
import { runProgram } from "../_spawn.ts";
import { DEADLINE_MS, test } from "../_suite.ts";
import {
  assertFree,
  contract,
  isListening,
  send,
  slowRegistry,
  untilRefusing,
  withFreePort,
  withoutIpv6,
  withServer,
} from "./_servers.ts";

contract(
  "startHttpServer() serves the registry's metrics under /metrics",
  async (loopback) => {
    const registry = new client.Registry();
    const counter = new client.Counter({
      name: "test_start_http_server_total",
      help: "cnt",
      registers: [registry],
    });
    await withServer({ ...loopback, registry }, async (server) => {
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
  },
);

contract(
  "startHttpServer() takes a free port and tells its address",
  async (loopback) => {
    await withServer(loopback, (server) => {
      const { addr, port } = server.socket;
      assertEquals(addr, "127.0.0.1");
      assert(Number.isInteger(port) && port > 0);
      assertEquals(server.https, false);
      assertEquals(server.url, `http://127.0.0.1:${port}/`);
      assertEquals(server.metricsUrl, `http://127.0.0.1:${port}/metrics`);
      assertEquals(server.healthUrl, `http://127.0.0.1:${port}/-/healthy`);
    });
  },
);

contract("startHttpServer() takes the port it is given", async (loopback) => {
  await withFreePort((port) =>
    withServer({ ...loopback, port }, (server) => {
      assertEquals(server.socket.port, port);
    })
  );
});

contract(
  "startHttpServer() listens on all interfaces by default",
  async (loopback) => {
    await withServer({ ...loopback, addr: "" }, async (server) => {
      const { addr, port } = server.socket;
      assert(addr === "::" || addr === "0.0.0.0", addr);
      assertEquals(server.url, `http://127.0.0.1:${port}/`);
      assertEquals((await fetch(server.healthUrl)).status, 200);
    });
  },
);

contract(
  "startHttpServer() names loopback in the URLs of any wildcard address",
  async (loopback) => {
    for (const addr of ["0.0.0.0", "::ffff:0.0.0.0"]) {
      await withServer({ ...loopback, addr }, async ({ url, healthUrl }) => {
        assertMatch(url, /^https?:\/\/127\.0\.0\.1:/);
        assertEquals((await fetch(healthUrl)).status, 200);
      });
    }
  },
);

contract(
  "startHttpServer() tells the address a host name was bound to",
  async (loopback) => {
    await withServer({ ...loopback, addr: "localhost" }, async (server) => {
      assertMatch(server.socket.addr, /^(127\.0\.0\.1|::1)$/);
      assertEquals((await fetch(server.healthUrl)).status, 200);
    });
  },
);

contract(
  "startHttpServer() listens on IPv6 by default",
  { skip: withoutIpv6 },
  async (loopback) => {
    await withServer({ ...loopback, addr: "" }, async (server) => {
      const url = `http://[::1]:${server.socket.port}/-/healthy`;
      assertEquals((await fetch(url)).status, 200);
    });
  },
);

contract("startHttpServer() puts an IPv6 address into brackets in its URLs", {
  skip: withoutIpv6,
}, async (loopback) => {
  await withServer({ ...loopback, addr: "::1" }, async (server) => {
    assertMatch(server.url, /^http:\/\/\[::1\]:\d+\/$/);
    assertEquals((await fetch(server.healthUrl)).status, 200);
  });
});

contract(
  "startHttpServer() answers health checks with 200 and nothing else",
  async (loopback) => {
    await withServer(loopback, async (server) => {
      const response = await fetch(server.healthUrl);
      assertEquals(response.status, 200);
      assertEquals(await response.text(), "");
    });
  },
);

contract(
  "startHttpServer() links from its root to the metrics",
  async (loopback) => {
    await withServer(loopback, async (server) => {
      const response = await fetch(server.url);
      assertEquals(
        response.headers.get("content-type"),
        "text/html; charset=utf-8",
      );
      assertStringIncludes(await response.text(), '<a href="/metrics">');
    });
  },
);

contract("startHttpServer() lets nothing be written", async (loopback) => {
  await withServer(loopback, async ({ url, metricsUrl, healthUrl }) => {
    for (const each of [url, metricsUrl, healthUrl]) {
      const response = await fetch(each, { method: "POST", body: "a" });
      await response.body?.cancel();
      assertEquals(response.status, 405, each);
      assert(response.headers.get("allow")?.startsWith("GET, HEAD"), each);
      assertEquals((await fetch(each, { method: "HEAD" })).status, 200);
    }
  });
});

contract(
  "startHttpServer() refuses large bodies before they come",
  async (loopback) => {
    await withServer(loopback, async ({ socket: { addr, port } }) => {
      const socket = connect(port, addr);
      socket.on("error", () => {});
      socket.write(
        "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
      );
      const [answer] = await once(socket, "data");
      assertMatch(String(answer), /^HTTP\/1\.1 413 /);
      socket.destroy();
    });
  },
);

contract("startHttpServer() answers 404 elsewhere", async (loopback) => {
  await withServer(loopback, async (server) => {
    const response = await fetch(new URL("/nowhere", server.url));
    assertEquals(response.status, 404);
    await response.body?.cancel();
  });
});

contract(
  "startHttpServer() rejects when the port is taken, with the same error everywhere",
  async (loopback) => {
    await withServer(loopback, async (server) => {
      const { port } = server.socket;
      const error = await assertRejects(
        () => startHttpServer({ ...loopback, port }),
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
  },
);

contract(
  "startHttpServer() rejects when the port is taken on all interfaces",
  async (loopback) => {
    await withServer({ ...loopback, addr: "" }, async (server) => {
      const { port } = server.socket;
      const error = await assertRejects(
        () => startHttpServer({ ...loopback, addr: "", port }),
        ListenError,
      );
      assertEquals(error.code, "EADDRINUSE");
      assertEquals(error.addr, "");
    });
  },
);

contract(
  "startHttpServer() rejects an address that is not this machine's",
  async (loopback) => {
    // 192.0.2.0/24 is for documentation (RFC 5737); nothing is sent there.
    const error = await assertRejects(
      () => startHttpServer({ ...loopback, addr: "192.0.2.1" }),
      ListenError,
    );
    assertEquals(error.code, "EADDRNOTAVAIL");
  },
);

test("startHttpServer() refuses a port out of range", async () => {
  for (const port of [-1, 65536, 1.5, NaN]) {
    await assertRejects(
      () => startHttpServer({ addr: "127.0.0.1", port }),
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
    [{ Auth: {} }, "received Auth for auth"],
    [{ clientCa: "" }, "received clientCa"],
    [{ auth: null }, "auth must be an object"],
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

contract(
  "startHttpServer() answers a request without a Host header",
  async (loopback) => {
    await withServer(loopback, async (server) => {
      const answer = await send(server, "GET /metrics HTTP/1.0\r\n\r\n");
      assertMatch(answer, /^HTTP\/1\.[01] 200 /);
    });
  },
);

contract(
  "startHttpServer() tells who sends a broken Host header nothing of itself",
  async (loopback) => {
    await withServer(loopback, async (server) => {
      for (const host of ["a b", "[::1]x", '"><script>']) {
        const answer = await send(
          server,
          `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        );
        assertMatch(answer, /^HTTP\/1\.1 (200|400) /, host);
        assert(!answer.includes("src/"), answer);
      }
    });
  },
);

test("startHttpServer() prints nothing and leaves the globals alone", async () => {
  const { stdout, stderr } = await runProgram("tests/programs/quiet_server.ts");
  assertEquals([stdout, stderr], ["true\n", ""]);
});

contract(
  "close() stops listening, and may be called twice",
  async (loopback) => {
    const server = await startHttpServer(loopback);
    const { addr, port } = server.socket;
    await (await fetch(server.metricsUrl)).text();
    assert(await isListening(addr, port));
    const closed = server.close();
    assertStrictEquals(server.close(), closed);
    await closed;
    await assertFree(addr, port);
  },
);

contract("close() lets a scrape in flight finish", async (loopback) => {
  const { registry, asked, answer } = slowRegistry();
  const server = await startHttpServer({ ...loopback, registry });
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

contract(
  "close() ends a connection when its last answer is sent",
  async (loopback) => {
    const { registry, asked, answer } = slowRegistry();
    // Left to itself node:http ends the connection after some seconds; the servers
    // of Deno and Bun keep it for longer than the test may take.
    const isOwn = runtimeName() !== "node" && !loopback.maxConnections;
    const patient = isOwn ? {} : { idleTimeout: 2 * DEADLINE_MS };
    const server = await startHttpServer({ ...loopback, registry, ...patient });
    // A client that never ends the connection itself.
    const answered = send(server, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    await asked;
    // Longer than a test may take, as the connection would be kept.
    const closed = server.close(2 * DEADLINE_MS);
    answer();
    assertStringIncludes(await answered, "slow 42\n");
    await closed;
  },
);

contract(
  "close() does not wait for a client that asks for nothing",
  async (loopback) => {
    const server = await startHttpServer(loopback);
    const socket = connect(server.socket.port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    // The server has taken that connection when it answers a later one.
    await (await fetch(server.metricsUrl)).text();
    await server.close();
    socket.destroy();
  },
);

contract("startHttpServer() serves scrapes that overlap", async (loopback) => {
  const { registry, asked, answer } = slowRegistry();
  await withServer({ ...loopback, registry }, async (server) => {
    const scrapes = Array.from({ length: 5 }, () => fetch(server.metricsUrl));
    await asked;
    answer();
    for (const response of await Promise.all(scrapes)) {
      assertStringIncludes(await response.text(), "slow 42\n");
    }
  });
});

contract("a server is closed by Symbol.asyncDispose", async (loopback) => {
  const server = await startHttpServer(loopback);
  const { addr, port } = server.socket;
  await server[Symbol.asyncDispose]();
  await assertFree(addr, port);
});

test("startHttpServer() works where another adapter has replaced Response", async () => {
  const program = "tests/programs/replaced_response.ts";
  const { stdout, stderr } = await runProgram(program);
  assertEquals([stdout, stderr], ["200 200 200\n", ""]);
});

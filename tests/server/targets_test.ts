import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import * as client from "prom-client";
import { metricsListener } from "../../src/node/mod.ts";
import { runtimeName } from "../../src/runtime/detect.ts";
import {
  type MetricsHttpServer,
  startHttpServer,
  type StartHttpServerOptions,
} from "../../src/server/mod.ts";
import { createServer } from "node:http";
import { test } from "../_suite.ts";
import { withThread } from "../thread/_threads.ts";
import { contract, send, withServer } from "./_servers.ts";

const registry = new client.Registry();

/** Asks for a target as it stands; yields the head and the body. */
async function ask(
  server: Pick<MetricsHttpServer, "socket">,
  target: string,
  host: string | null = "localhost",
  method = "GET",
): Promise<{ status: number; head: string; body: string }> {
  const line = host === null ? "HTTP/1.0" : `HTTP/1.1\r\nHost: ${host}`;
  const answer = await send(
    server,
    `${method} ${target} ${line}\r\nConnection: close\r\n\r\n`,
  );
  const [head, body = ""] = answer.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head, body };
}

/** Whether an answer has metrics. */
const isScrape = ({ body }: { body: string }) => body.includes("# TYPE");

/** Whether requests show no targets, but URLs that were cleaned up: `Bun.serve`. */
function isNormalised(loopback: StartHttpServerOptions): boolean {
  return runtimeName() === "bun" && loopback.maxConnections === undefined;
}

/** Targets that lead elsewhere if somebody cleans them up. */
const CROOKED = [
  "/-/healthy/../../metrics",
  "/-/healthy/..%2f../metrics",
  "/x/%2e%2e/metrics",
  "/x/%2E./metrics",
  "/./metrics",
  "//metrics",
  "/\\metrics",
  "/x\\..\\metrics",
  "/metrics/.",
  "/metrics#x",
  "/metrics/",
  "/%6detrics",
  "http://localhost/x/../metrics",
  "http://localhost//metrics",
];

contract("a path is that which was sent", async (loopback) => {
  await withServer({ ...loopback, registry }, async (server) => {
    for (const target of ["/metrics", "/metrics?a=/../x", "/?../../metrics"]) {
      assertEquals((await ask(server, target)).status, 200, target);
    }
    const absolute = ["http://localhost/metrics", "http://localhost"];
    for (const target of absolute) {
      assertEquals((await ask(server, target)).status, 200, target);
    }
    if (isNormalised(loopback)) return;
    for (const target of CROOKED) {
      const answer = await ask(server, target);
      assertEquals(isScrape(answer), false, target);
      assertEquals(answer.status >= 400, true, target);
    }
  });
});

contract("a Host header replaces no path", async (loopback) => {
  await withServer({ ...loopback, registry }, async (server) => {
    const malformed = ["x/metrics?", "x/metrics#", "u@x", "x y", "x\\y", "x:y"];
    for (const host of malformed) {
      for (const target of ["/-/healthy", "/", "/metrics"]) {
        const answer = await ask(server, target, host);
        assertEquals([answer.status, isScrape(answer)], [400, false], host);
      }
    }
    for (const host of ["", "a", "a:1", "[::1]:80", "a_b.example.:8080"]) {
      assertEquals((await ask(server, "/metrics", host)).status, 200, host);
    }
    assertEquals((await ask(server, "/metrics", null)).status, 200);
  });
});

contract("hosts are those that are served", async (loopback) => {
  const hosts = ["Metrics.example", "127.0.0.1", "::1"];
  const options = { ...loopback, registry, hosts };
  await withServer(options, async (server) => {
    const served = ["metrics.example", "METRICS.example:80", "127.0.0.1:1"];
    for (const host of [...served, "[::1]:9464"]) {
      assertEquals((await ask(server, "/metrics", host)).status, 200, host);
    }
    const others = ["evil.example", "metrics.example.evil.example", "", "::1"];
    for (const host of [...others, "127.0.0.2", "[::2]", "localhost"]) {
      for (const path of ["/metrics", "/", "/nowhere"]) {
        const answer = await ask(server, path, host);
        // Bun and `HOST` refuse an address without brackets.
        assertEquals(answer.status, host === "::1" ? 400 : 421, host + path);
        assertEquals(isScrape(answer), false, host);
      }
    }
    const unnamed = await ask(server, "/metrics", null);
    assertEquals([unnamed.status === 200, isScrape(unnamed)], [false, false]);
    const healthy = await ask(server, "/-/healthy", "10.0.0.1:9464");
    assertEquals(healthy.status, 200);
  });
});

contract("a target's own host must be served as well", async (loopback) => {
  if (isNormalised(loopback)) return;
  const options = { ...loopback, registry, hosts: ["metrics.example"] };
  await withServer(options, async (server) => {
    const ofHost = (host: string, own: string) =>
      ask(server, `http://${own}/metrics`, host);
    const [right, wrong] = ["metrics.example", "evil.example"];
    assertEquals((await ofHost(right, right)).status, 200);
    assertEquals((await ofHost(right, wrong)).status, 421);
  });
});

test("hosts are served on a thread as anywhere", async () => {
  const hosts = ["metrics.example"];
  await withThread({ registry, hosts }, async (server) => {
    const served = await ask(server, "/metrics", "metrics.example");
    const other = await ask(server, "/metrics", "evil.example");
    assertEquals([served.status, other.status], [200, 421]);
    const crooked = await ask(server, "/-/healthy", "x/metrics?");
    assertEquals(crooked.status, 400);
  });
});

test("hosts must be names and addresses", async () => {
  for (
    const hosts of [
      "localhost",
      [],
      [""],
      ["localhost:80"],
      ["http://localhost"],
      ["a/b"],
      ["a b"],
      [1],
      ["256.1.1.1.1:"],
    ]
  ) {
    const error = await assertRejects(
      () => startHttpServer({ hosts } as unknown as StartHttpServerOptions),
      Error,
    );
    assertMatch(error.message, /hosts must be host names and IP addresses/);
  }
});

/** The requests to which a server answers in each of its ways. */
const REQUESTS: readonly [target: string, host?: string, method?: string][] = [
  ["/metrics"],
  ["/metrics?name[]="],
  ["/metrics?format=none"],
  ["/"],
  ["/nowhere"],
  ["/-/healthy"],
  ["/metrics", "x y"],
  ["/metrics", "evil.example"],
  ["/metrics", "localhost", "OPTIONS"],
  ["/metrics", "localhost", "POST"],
  ["/-/healthy", "localhost", "POST"],
  ["/metrics", "localhost", "HEAD"],
];

function assertTyped({ head, status }: { head: string; status: number }) {
  assertMatch(head, /\r\nx-content-type-options: nosniff(\r\n|$)/i);
  assertMatch(
    head,
    /\r\ncontent-type: (text|application)\/[^\r]/i,
    `${status}`,
  );
}

contract("every answer has a type, and nosniff", async (loopback) => {
  const hosts = ["localhost"];
  for (const options of [{ hosts }, { auth: { bearer: ["a"] } }]) {
    const all = { ...loopback, registry, ...options };
    await withServer(all, async (server) => {
      for (const request of REQUESTS) {
        assertTyped(await ask(server, ...request));
      }
    });
  }
});

test("every answer of a thread and of metricsListener() has a type, and nosniff", async () => {
  await withThread({ registry, hosts: ["localhost"] }, async (server) => {
    for (const request of REQUESTS) assertTyped(await ask(server, ...request));
  });
  const server = createServer(metricsListener({ registry }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    const socket = { addr: "127.0.0.1", port };
    for (const [target, , method] of REQUESTS) {
      assertTyped(await ask({ socket }, target, "localhost", method));
    }
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test("the page forbids frames, bases and forms", async () => {
  await withServer({ addr: "127.0.0.1", registry }, async (server) => {
    const { head } = await ask(server, "/");
    for (const rule of ["frame-ancestors", "base-uri", "form-action"]) {
      assertMatch(head, new RegExp(`; ${rule} 'none'`));
    }
  });
});

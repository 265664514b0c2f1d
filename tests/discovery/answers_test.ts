import { ConsulError } from "../../src/discovery/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { refusal, registering } from "./_registering.ts";

/** Runs `fn` with the URL of a server that answers what no agent would. */
async function withAnswers(
  listener: RequestListener,
  fn: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await fn(`http://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("a server that is no Consul agent is no agent that has forgotten", async () => {
  const asked: string[] = [];
  const errors: unknown[] = [];
  await withAnswers((request, response) => {
    asked.push(`${request.method} ${request.headers["x-consul-token"]}`);
    if (request.url === "/v1/agent/service/register") response.end();
    else response.writeHead(404).end("<p>nothing</p>");
  }, async (url) => {
    const options = registering({ url }, { token: "secret" }, {
      onError: (error) => errors.push(error),
    });
    const server = await startHttpServer(options);
    await waitUntil(60_000, "it was looked for", () => errors.length > 0);
    assertEquals(asked.slice(0, 2), ["PUT secret", "GET secret"]);
    assertStringIncludes(String(errors[0]), "received 404");
    assertStringIncludes(String(errors[0]), "<p>nothing</p>");
    await server.close();
    assertEquals(asked.filter((each) => each.startsWith("PUT")).length, 1);
  });
});

test("a token follows no redirect, and is in no error", async () => {
  const token = "secret-3f7a";
  const received: unknown[] = [];
  await withAnswers((request, response) => {
    received.push(request.url, request.headers["x-consul-token"]);
    response.writeHead(307, { location: "/elsewhere" });
    response.end(`no token is like ${token}\nor more ${"x".repeat(9999)}`);
  }, async (url) => {
    const error = await refusal(registering({ url }, { token }));
    assertEquals(received, ["/v1/agent/service/register", token]);
    assertStringIncludes(error.message, "like [token] or more x");
    assert(!error.message.includes(token));
    assert(error.message.length < 2000);
  });
});

test("requests that fail are repeated, and those that are refused are not", async () => {
  let status = 500;
  const paths: string[] = [];
  await withAnswers((request, response) => {
    paths.push(request.url!);
    response.writeHead(status).end("not now");
  }, async (url) => {
    for (const [code, attempts] of [[500, 3], [429, 3], [400, 1], [403, 1]]) {
      status = code;
      const error = await refusal(registering({ url: `${url}/consul` }));
      assert(error instanceof ConsulError);
      assertEquals(error.status, code);
      const path = "/consul/v1/agent/service/register";
      assertEquals(paths.splice(0), Array(attempts).fill(path));
    }
  });
});

import { ConsulError } from "../../src/discovery/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { freePorts } from "../_ports.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { refusal, registering, withServers } from "./_registering.ts";

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
    if (request.method === "PUT") response.end();
    else response.writeHead(404).end("<p>nothing</p>");
  }, async (url) => {
    const options = registering({ url }, { token: "secret" }, {
      onError: (error) => errors.push(error),
    });
    await withServers(async (start) => {
      await start(options);
      await waitUntil(60_000, "it was looked for", () => errors.length > 0);
    });
    assertEquals(asked.slice(0, 2), ["PUT secret", "GET secret"]);
    assertStringIncludes(String(errors[0]), "received 404");
    assertStringIncludes(String(errors[0]), "<p>nothing</p>");
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
    assertEquals(received.length, 2);
    assertEquals(received[1], token);
    assertStringIncludes(error.message, "like [token] or more x");
    assert(!error.message.includes(token));
    assert(error.message.length < 2000);
  });
});

/** What an agent says of a service, as far as it matters. */
const found = (port: number) =>
  JSON.stringify({ Address: "127.0.0.1", Port: port });

test("an agent's answer that is none is an error without the token", async () => {
  const token = 'secret"3f7a';
  const answers = [
    `<p>you sent ${token}</p>`,
    JSON.stringify({ you: { sent: token } }),
    `[${JSON.stringify(token)}]`,
    "x".repeat(3_000_000),
  ];
  // At once, since each takes until the first look.
  await Promise.all(answers.map(async (answer) => {
    const errors: unknown[] = [];
    await withAnswers((request, response) => {
      response.end(request.method === "PUT" ? "" : answer);
    }, async (url) => {
      await withServers(async (start) => {
        await start(registering({ url }, { token }, {
          onError: (error) => errors.push(error),
        }));
        await waitUntil(60_000, "it was looked for", () => errors.length > 0);
      });
    });
    const [error] = errors;
    assert(error instanceof ConsulError);
    assertEquals(error.status, 200);
    assertStringIncludes(error.message, "response must be that of an agent");
    assert(!/secret.*3f7a/.test(error.message), error.message);
  }));
});

test("a service that is forgotten, and refused then, is not registered", async () => {
  let isKnown = true;
  await withAnswers((request, response) => {
    if (isKnown && request.method === "PUT") response.end();
    else if (isKnown) response.writeHead(500).end();
    else if (request.method === "PUT") response.writeHead(403).end("no");
    else response.writeHead(404).end("unknown service ID: app-metrics");
  }, async (url) => {
    await withServers(async (start) => {
      const server = await start(registering({ url }, {}, {
        onError: () => {},
      }));
      assertEquals(server.isRegistered, true);
      isKnown = false;
      await waitUntil(60_000, "that is seen", () => !server.isRegistered);
    });
  });
});

test("closing gives up a look that gets no answer, and deregisters", async () => {
  const put: string[] = [];
  let port = 0;
  let looks = 0;
  await withAnswers((request, response) => {
    if (request.method === "PUT") put.push(request.url!);
    // The first look hangs.
    else if (looks++ === 0) return;
    response.end(found(port));
  }, async (url) => {
    await withServers(async (start) => {
      const errors: unknown[] = [];
      const server = await start(registering({ url }, { timeout: 50_000 }, {
        onError: (error) => errors.push(error),
      }));
      ({ port } = server.socket);
      await waitUntil(60_000, "it looks", () => looks > 0);
      await server.close(40_000);
      assertEquals(put.at(-1), "/v1/agent/service/deregister/app-metrics");
      assertEquals(errors, []);
      assertEquals(server.isRegistered, false);
    });
  });
});

test("closing during a look that is well waits for that alone", async () => {
  let port = 0;
  let isSlow = false;
  let answer: (() => void) | undefined;
  const put: string[] = [];
  await withAnswers((request, response) => {
    if (request.method === "PUT") put.push(request.url!);
    if (request.method === "GET" && isSlow && answer === undefined) {
      answer = () => response.end(found(port));
    } else response.end(found(port));
  }, async (url) => {
    await withServers(async (start) => {
      const errors: unknown[] = [];
      // Longer than the test may take.
      const check = { interval: "1s", timeout: "1h" };
      const server = await start(registering({ url }, { check }, {
        onError: (error) => errors.push(error),
      }));
      ({ port } = server.socket);
      isSlow = true;
      await waitUntil(60_000, "it looks", () => answer !== undefined);
      const closed = server.close(60_000);
      answer!();
      await closed;
      assertEquals(put.at(-1), "/v1/agent/service/deregister/app-metrics");
      assertEquals(errors, []);
    });
  });
});

test("a context that throws ends no looks", async () => {
  let port = 0;
  let looks = 0;
  await withAnswers((request, response) => {
    if (request.method === "GET") looks++;
    if (looks === 1) response.writeHead(500).end();
    else response.end(found(port));
  }, async (url) => {
    const fail = () => {
      throw new Error("not now");
    };
    const { serviceDiscovery } = registering({ url });
    await withServers(async (start) => {
      const server = await start({
        addr: "127.0.0.1",
        serviceDiscovery: {
          register: (info) =>
            serviceDiscovery!.register(info, { onError: fail, onChange: fail }),
        },
      });
      ({ port } = server.socket);
      await waitUntil(60_000, "it looks on", () => looks > 2);
    });
  });
});

test("an answer whose body is no stream of the web is read, too", async () => {
  let port = 0;
  const asked: string[] = [];
  await withAnswers((_request, response) => {
    response.end(found(port));
  }, async (url) => {
    await withServers(async (start) => {
      const server = await start(registering({ url }, {
        fetch: async (url, init) => {
          const response = await fetch(url, init);
          asked.push(init.method!);
          const { status, ok } = response;
          const text = () => response.text();
          return { status, ok, body: {}, text } as unknown as Response;
        },
      }));
      ({ port } = server.socket);
      await server.close();
      assertEquals(asked, ["PUT", "GET", "PUT"]);
    });
  });
});

test("with deregister: false nothing is registered after close()", async () => {
  const put: string[] = [];
  let answer: (() => void) | undefined;
  await withAnswers((request, response) => {
    if (request.method === "PUT") put.push(request.url!);
    if (request.method === "PUT") response.end();
    // The agent has forgotten it, and is slow to say so.
    else answer = () => response.writeHead(404).end("unknown service");
  }, async (url) => {
    await withServers(async (start) => {
      const errors: unknown[] = [];
      const server = await start(registering({ url }, {
        deregister: false,
        timeout: 50_000,
      }, {
        onError: (error) => errors.push(error),
      }));
      await waitUntil(60_000, "it looks", () => answer !== undefined);
      await server.close();
      answer!();
      // For as long as it likes: load can only hide that something comes of it.
      await new Promise((resolve) => setTimeout(resolve, 200));
      assertEquals(put.length, 1);
      assertEquals(errors, []);
      assertEquals(server.isRegistered, true);
    });
  });
});

test("what a token's function throws is told with each look, whatever it is", async () => {
  let port = 0;
  let calls = 0;
  const thrown = Object.create(null);
  const token = () => {
    if (++calls === 1) return "a";
    throw thrown;
  };
  await withAnswers((_request, response) => {
    response.end(found(port));
  }, async (url) => {
    await withServers(async (start) => {
      const errors: unknown[] = [];
      const server = await start(registering({ url }, { token }, {
        onError: (error) => errors.push(error),
      }));
      ({ port } = server.socket);
      await waitUntil(60_000, "it is told twice", () => errors.length > 1);
      assertEquals(errors[0], thrown);
    });
  });
});

test("an error of this side is no refusal of a deregistration", async () => {
  let port = 0;
  let isClosing = false;
  let hasFailed = false;
  const put: string[] = [];
  const token = () => {
    if (!isClosing || hasFailed) return "a";
    hasFailed = true;
    throw new Error("the vault is busy");
  };
  await withAnswers((request, response) => {
    if (request.method === "PUT") put.push(request.url!);
    response.end(found(port));
  }, async (url) => {
    await withServers(async (start) => {
      const check = { interval: "1h" };
      const server = await start(registering({ url }, { token, check }));
      ({ port } = server.socket);
      isClosing = true;
      await server.close();
      assertEquals(hasFailed, true);
      assertEquals(put.at(-1), "/v1/agent/service/deregister/app-metrics");
    });
  });
});

test("a fetch of one's own needs no other way to the agent", async () => {
  const [port] = await freePorts(1);
  const address = `http://127.0.0.1:${port}`;
  await withAnswers((_request, response) => {
    response.end("{}");
  }, async (url) => {
    await withServers(async (start) => {
      const fetchThere = (asked: string, init: RequestInit) =>
        fetch(asked.replace(address, url), init);
      const options = { address, fetch: fetchThere };
      const all = registering({ url: address }, options, { addr: "" });
      const error = await refusal(all);
      assertStringIncludes(error.message, "advertise.address must be given");
      const advertise = { address: "10.0.0.5" };
      await start(
        registering({ url: address }, { ...options, advertise }, {
          addr: "",
          onError: () => {},
        }),
      );
    });
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
      const path = "/consul/v1/agent/service/register" +
        "?replace-existing-checks=true";
      assertEquals(paths.splice(0), Array(attempts).fill(path));
    }
  });
});

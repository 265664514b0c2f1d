import { ConsulError } from "../../src/discovery/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePorts } from "../_ports.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { answerForeign, FOREIGN, withAnswers } from "./_answers.ts";
import { refusal, registering, withServers } from "./_registering.ts";

test("start() refuses a required agent whose place another server has", async () => {
  // At once, since each is tried three times.
  await Promise.all(FOREIGN.map(async (foreign) => {
    await withAnswers((_request, response) => {
      answerForeign(response, foreign);
    }, async (url) => {
      const error = await refusal(registering({ url }));
      assert(error instanceof ConsulError, `${foreign.name}: ${error}`);
      assertEquals(error.status, foreign.status, foreign.name);
    });
  }));
});

test("start() takes back what it cannot verify", async () => {
  await Promise.all(FOREIGN.map(async (foreign) => {
    let put = "";
    await withAnswers((request, response, asAgent) => {
      if (request.method === "GET") return answerForeign(response, foreign);
      put = request.url!;
      asAgent();
    }, async (url) => {
      const error = await refusal(registering({ url }));
      assert(error instanceof ConsulError, `${foreign.name}: ${error}`);
      assertEquals(put, "/v1/agent/service/deregister/app-metrics");
    });
  }));
});

test("start() with required: false goes on, and registers once an agent is there", async () => {
  await Promise.all(FOREIGN.map(async (foreign) => {
    let isAgent = false;
    const errors: unknown[] = [];
    await withAnswers((_request, response, asAgent) => {
      if (isAgent) asAgent();
      else answerForeign(response, foreign);
    }, async (url) => {
      await withServers(async (start) => {
        const server = await start(registering({ url }, { required: false }, {
          onError: (error) => errors.push(error),
        }));
        assertEquals(server.isRegistered, false, foreign.name);
        assert(errors[0] instanceof ConsulError);
        isAgent = true;
        await waitUntil(60_000, "it is known", () => server.isRegistered);
      });
    });
  }));
});

test("isRegistered is false while another server has the agent's place", async () => {
  await Promise.all(FOREIGN.map(async (foreign) => {
    let isAgent = true;
    await withAnswers((_request, response, asAgent) => {
      if (isAgent) asAgent();
      else answerForeign(response, foreign);
    }, async (url) => {
      await withServers(async (start) => {
        const server = await start(registering({ url }, {}, {
          onError: () => {},
        }));
        const assertGauge = async (expected: number) => {
          const text = await (await fetch(server.metricsUrl)).text();
          const line = `prometheus_async_discovery_registered ${expected}\n`;
          assertStringIncludes(text, line, foreign.name);
        };
        isAgent = false;
        await waitUntil(60_000, foreign.name, () => !server.isRegistered);
        await assertGauge(0);
        isAgent = true;
        await waitUntil(60_000, "an agent", () => server.isRegistered);
        await assertGauge(1);
      });
    });
  }));
});

test("an agent that refuses a look has not forgotten the service", async () => {
  let isRefusing = false;
  const errors: unknown[] = [];
  await withAnswers((_request, response, asAgent) => {
    if (isRefusing) response.writeHead(403).end("Permission denied");
    else asAgent();
  }, async (url) => {
    await withServers(async (start) => {
      const server = await start(registering({ url }, {}, {
        onError: (error) => errors.push(error),
      }));
      isRefusing = true;
      await waitUntil(60_000, "it is told twice", () => errors.length > 1);
      assertEquals(server.isRegistered, true);
      isRefusing = false;
    });
  });
});

test("a service that the agent does not keep is not registered", async () => {
  await withAnswers((request, response, asAgent) => {
    if (request.method === "PUT") response.end();
    else asAgent();
  }, async (url) => {
    const error = await refusal(registering({ url }));
    assert(error instanceof ConsulError);
    assertStringIncludes(error.message, "does not know the service afterwards");
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
    const asked = "/v1/agent/service/register?replace-existing-checks=true";
    assertEquals(new Set(received), new Set([asked, token]));
    assertStringIncludes(error.message, "like [token] or more x");
    assert(!error.message.includes(token));
    assert(error.message.length < 2000);
  });
});

test("an agent's answer that is none is an error without the token", async () => {
  const token = 'secret"3f7a';
  const answers = [
    `<p>you sent ${token}</p>`,
    JSON.stringify({ you: { sent: token } }),
    `[${JSON.stringify(token)}]`,
    "x".repeat(3_000_000),
  ];
  // At once, since each is tried three times.
  await Promise.all(answers.map(async (answer) => {
    let error: unknown;
    await withAnswers((request, response) => {
      response.end(request.method === "PUT" ? "" : answer);
    }, async (url) => {
      error = await refusal(registering({ url }, { token }));
    });
    assert(error instanceof ConsulError);
    assertEquals(error.status, 200);
    assertStringIncludes(error.message, "response must be that of an agent");
    assert(!/secret.*3f7a/.test(error.message), error.message);
  }));
});

test("a service that is forgotten, and refused then, is not registered", async () => {
  let isKnown = true;
  await withAnswers((request, response, asAgent) => {
    if (isKnown) asAgent();
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
  let looks = 0;
  await withAnswers((request, _response, asAgent) => {
    if (request.method === "PUT") put.push(request.url!);
    // The first look after the start hangs.
    else if (++looks === 2) return;
    asAgent();
  }, async (url) => {
    await withServers(async (start) => {
      const errors: unknown[] = [];
      const server = await start(registering({ url }, { timeout: 50_000 }, {
        onError: (error) => errors.push(error),
      }));
      await waitUntil(60_000, "it looks", () => looks > 1);
      await server.close(40_000);
      assertEquals(put.at(-1), "/v1/agent/service/deregister/app-metrics");
      assertEquals(errors, []);
      assertEquals(server.isRegistered, false);
    });
  });
});

test("closing during a look that is well waits for that alone", async () => {
  let isSlow = false;
  let answer: (() => void) | undefined;
  const put: string[] = [];
  await withAnswers((request, _response, asAgent) => {
    if (request.method === "PUT") put.push(request.url!);
    if (request.method === "GET" && isSlow && answer === undefined) {
      answer = asAgent;
    } else asAgent();
  }, async (url) => {
    await withServers(async (start) => {
      const errors: unknown[] = [];
      // Longer than the test may take.
      const check = { interval: "1s", timeout: "1h" };
      const server = await start(registering({ url }, { check }, {
        onError: (error) => errors.push(error),
      }));
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
  let looks = 0;
  await withAnswers((request, response, asAgent) => {
    if (request.method === "GET") looks++;
    if (looks === 2) response.writeHead(500).end();
    else asAgent();
  }, async (url) => {
    const fail = () => {
      throw new Error("not now");
    };
    const { serviceDiscovery } = registering({ url });
    await withServers(async (start) => {
      await start({
        addr: "127.0.0.1",
        serviceDiscovery: {
          register: (info) =>
            serviceDiscovery!.register(info, { onError: fail, onChange: fail }),
        },
      });
      await waitUntil(60_000, "it looks on", () => looks > 3);
    });
  });
});

test("an answer whose body is no stream of the web is read, too", async () => {
  const asked: string[] = [];
  await withAnswers((_request, _response, asAgent) => {
    asAgent();
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
      await server.close();
      assertEquals(asked, ["PUT", "GET", "GET", "PUT"]);
    });
  });
});

test("with deregister: false nothing is registered after close()", async () => {
  const put: string[] = [];
  let answer: (() => void) | undefined;
  let isForgotten = false;
  await withAnswers((request, response, asAgent) => {
    if (request.method === "PUT") put.push(request.url!);
    if (!isForgotten) asAgent();
    // The agent is slow to say so.
    else answer = () => response.writeHead(404).end("unknown service ID: app");
  }, async (url) => {
    await withServers(async (start) => {
      const errors: unknown[] = [];
      const server = await start(registering({ url }, {
        deregister: false,
        timeout: 50_000,
      }, {
        onError: (error) => errors.push(error),
      }));
      isForgotten = true;
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
  let calls = 0;
  const thrown = Object.create(null);
  const token = () => {
    if (++calls <= 2) return "a";
    throw thrown;
  };
  await withAnswers((_request, _response, asAgent) => {
    asAgent();
  }, async (url) => {
    await withServers(async (start) => {
      const errors: unknown[] = [];
      await start(registering({ url }, { token }, {
        onError: (error) => errors.push(error),
      }));
      await waitUntil(60_000, "it is told twice", () => errors.length > 1);
      assertEquals(errors[0], thrown);
    });
  });
});

test("an error of this side is no refusal of a deregistration", async () => {
  let isClosing = false;
  let hasFailed = false;
  const put: string[] = [];
  const token = () => {
    if (!isClosing || hasFailed) return "a";
    hasFailed = true;
    throw new Error("the vault is busy");
  };
  await withAnswers((request, _response, asAgent) => {
    if (request.method === "PUT") put.push(request.url!);
    asAgent();
  }, async (url) => {
    await withServers(async (start) => {
      const check = { interval: "1h" };
      const server = await start(registering({ url }, { token, check }));
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
  const description = JSON.stringify({ Config: { Datacenter: "dc1" } });
  await withAnswers((request, response, asAgent) => {
    if (request.url!.endsWith("/self")) response.end(description);
    else asAgent();
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

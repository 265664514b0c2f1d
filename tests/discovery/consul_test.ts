import {
  ConsulAgent,
  type ConsulAgentOptions,
  ConsulError,
} from "../../src/discovery/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { missing } from "../../tools/servers/locate.ts";
import { Authority } from "../_certificates.ts";
import { withFolder } from "../_folder.ts";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";
import { assertSoon, waitUntil } from "../_wait.ts";
import { withServer } from "../server/_servers.ts";
import { type Consul, withConsul } from "./_consul.ts";
import { OFTEN, refusal, registering, withServers } from "./_registering.ts";

const skip = missing("consul");

/** Who knows a service: its agent by the id, and `isRegistered`. */
async function knowing(
  consul: Consul,
  server: { isRegistered: boolean },
): Promise<[string[], boolean]> {
  return [Object.keys(await consul.services()), server.isRegistered];
}

test("a ConsulAgent registers a server, which its check finds healthy", {
  skip,
}, async () => {
  await withConsul({}, async (consul) => {
    const options = registering(consul, {
      name: "shop",
      serviceId: "shop-1",
      tags: ["v2", "eu"],
      meta: { team: "checkout" },
    }, { auth: { bearer: ["secret"] } });
    const server = await startHttpServer(options);
    assertEquals(server.isRegistered, true);
    const { port } = server.socket;
    const { "shop-1": service, ...others } = await consul.services();
    assertEquals(others, {});
    assertEquals(
      [service.ID, service.Service, service.Address, service.Port],
      ["shop-1", "shop", "127.0.0.1", port],
    );
    assertEquals(service.Tags, ["v2", "eu"]);
    assertEquals(service.Meta, { team: "checkout" });
    await assertSoon("passing", () => consul.status("shop-1"));
    const [check] = Object.values(
      await consul.get<Record<string, { Output: string; Type: string }>>(
        "agent/checks",
      ),
    );
    assertEquals(check.Type, "http");
    assertStringIncludes(check.Output, `${server.healthUrl}: 200`);
    assertEquals(server.isRegistered, true);
    await server.close();
    assertEquals(await knowing(consul, server), [[], false]);
  });
});

test("a ConsulAgent needs no options but an address, and takes any id", {
  skip,
}, async () => {
  await withConsul({}, async (consul) => {
    await withServer(registering(consul), async (server) => {
      assertEquals(await knowing(consul, server), [["app-metrics"], true]);
    });
    const serviceId = "shop 1/ü?#%";
    const options = registering(consul, { serviceId, check: { type: "ttl" } });
    await withServer(options, async (server) => {
      assertEquals(await knowing(consul, server), [[serviceId], true]);
      assertEquals(await consul.status(serviceId), "passing");
    });
    assertEquals(await consul.services(), {});
  });
});

test(
  "register() of a ConsulAgent works for a server of any make",
  { skip },
  async () => {
    await withConsul({}, async (consul) => {
      const agent = new ConsulAgent({ address: consul.url, token: "" });
      const deregister = await agent.register({
        socket: { addr: "127.0.0.1", port: 9100 },
        https: false,
        mutualTls: false,
        url: "http://127.0.0.1:9100/",
        metricsUrl: "http://127.0.0.1:9100/metrics",
        healthUrl: "http://127.0.0.1:9100/-/healthy",
      });
      assertEquals((await consul.services())["app-metrics"].Port, 9100);
      await deregister();
      await deregister();
      assertEquals(await consul.services(), {});
    });
  },
);

test("with deregister: false the service stays when the server closes", {
  skip,
}, async () => {
  await withConsul({}, async (consul) => {
    const server = await startHttpServer(
      registering(consul, { deregister: false }),
    );
    await server.close();
    assertEquals(await knowing(consul, server), [["app-metrics"], true]);
  });
});

test("a server on all interfaces is registered where its check reaches it", {
  skip,
}, async () => {
  await withConsul({}, async (consul) => {
    for (const addr of ["", "0.0.0.0"]) {
      const options = registering(consul, {}, { addr });
      await withServer(options, async () => {
        const { "app-metrics": service } = await consul.services();
        // What this agent has announced for its machine.
        assertEquals(service.Address, "127.0.0.1");
        const health = `http://${service.Address}:${service.Port}/-/healthy`;
        assertEquals((await fetch(health)).status, 200);
        await assertSoon("passing", () => consul.status("app-metrics"));
      });
    }
  });
});

test(
  "advertise is registered in place of where the server listens",
  { skip },
  async () => {
    await withConsul({}, async (consul) => {
      const advertise = { address: "shop.example", port: 9999 };
      for (const addr of ["", "127.0.0.1"]) {
        const options = registering(consul, { advertise }, { addr });
        await withServer(options, async () => {
          const { "app-metrics": service } = await consul.services();
          assertEquals([service.Address, service.Port], ["shop.example", 9999]);
        });
      }
      const options = registering(consul, {
        advertise: { address: "localhost" },
      }, { addr: "" });
      await withServer(options, async (server) => {
        const { "app-metrics": service } = await consul.services();
        assertEquals([service.Address, service.Port], [
          "localhost",
          server.socket.port,
        ]);
        await assertSoon("passing", () => consul.status("app-metrics"));
      });
    });
  },
);

test(
  "a server on a unix socket is registered where advertise says, or not at all",
  { skip },
  async () => {
    await withConsul({}, async (consul) => {
      await withFolder(async (folder) => {
        const unix = join(folder, "metrics.sock");
        const start = (options: ConsulAgentOptions) =>
          startHttpServer({
            unix,
            serviceDiscovery: new ConsulAgent({
              address: consul.url,
              ...OFTEN,
              ...options,
            }),
          });
        const error = await assertRejects(() => start({}), TypeError);
        assertStringIncludes(error.message, "pass them as advertise");
        const advertise = { address: "proxy.example", port: 443 };
        const server = await start({ advertise });
        assertEquals(await consul.status("app-metrics"), "passing");
        await server.close();
        assertEquals(await consul.services(), {});
      });
    });
  },
);

test(
  "a server that asks for certificates sends heartbeats",
  { skip },
  async () => {
    const authority = await Authority.create();
    const { cert, key } = await authority.server();
    await withConsul({}, async (consul) => {
      const options = registering(consul, {
        check: { interval: "1s", timeout: "30s" },
      }, { tls: { cert, key, clientCa: authority.cert } });
      await withServer(options, async (server) => {
        assertEquals(server.mutualTls, true);
        assertEquals(await consul.status("app-metrics"), "passing");
        // As after a restart that has kept it.
        await consul.put("agent/check/fail/service:app-metrics:ttl");
        await assertSoon("passing", () => consul.status("app-metrics"));
      });
    });
  },
);

test("the check of a server with TLS takes any certificate, if told to", {
  skip,
}, async () => {
  const authority = await Authority.create();
  const { cert, key } = await authority.server();
  await withConsul({}, async (consul) => {
    const tls = { cert, key };
    const strict = registering(consul, { serviceId: "strict" }, { tls });
    await withServer(strict, async () => {
      await waitUntil(60_000, "the check has been made", async () => {
        const { "service:strict": check } = await consul.get<
          Record<string, { Output: string }>
        >("agent/checks");
        return check.Output.includes("certificate");
      });
      assertEquals(await consul.status("strict"), "critical");
    });
    const check = { ...OFTEN.check, tlsSkipVerify: true };
    await withServer(registering(consul, { check }, { tls }), async () => {
      await assertSoon("passing", () => consul.status("app-metrics"));
    });
  });
});

test("what the agent refuses keeps the server from starting, with its words", {
  skip,
}, async () => {
  await withConsul({}, async (consul) => {
    const refused: [ConsulAgentOptions, status: number, words: string][] = [
      [
        { namespace: "shop" },
        400,
        "Namespaces are a Consul Enterprise feature",
      ],
      [{ partition: "eu" }, 400, "unknown field"],
      [{ meta: { "a b": "c" } }, 400, "Invalid Service Meta"],
      [{ meta: { a: "b".repeat(600) }, required: false }, 400, "Value is too"],
    ];
    for (const [options, status, words] of refused) {
      const error = await refusal(registering(consul, options));
      assert(error instanceof ConsulError, String(error));
      assertEquals(error.status, status);
      assertEquals(error.agent, consul.url);
      assertStringIncludes(error.message, 'Cannot register service "app-m');
      assertStringIncludes(error.message, words);
    }
    assertEquals(await consul.services(), {});
  });
});

test("an agent of another datacenter is refused", { skip }, async () => {
  await withConsul({}, async (consul) => {
    const error = await refusal(registering(consul, { datacenter: "dc9" }));
    assert(error instanceof RangeError);
    assertStringIncludes(error.message, '"dc9", received one of "dc1"');
    await withServer(
      registering(consul, { datacenter: "dc1" }),
      (server) => assert(server.isRegistered),
    );
  });
});

test(
  "an agent that is down keeps the server from starting",
  { skip },
  async () => {
    await withConsul({}, async (consul) => {
      await consul.kill();
      for (const addr of ["127.0.0.1", ""]) {
        const error = await refusal(registering(consul, {}, { addr }));
        assert(error instanceof ConsulError, String(error));
        assertEquals(error.status, undefined);
        assertStringIncludes(error.message, "it must answer, received");
        // Or "unable to connect", in an older Bun's words.
        assert(/refused|connect/i.test(error.message), error.message);
      }
    });
  },
);

test("an agent that is not required may come later", { skip }, async () => {
  await withConsul({}, async (consul) => {
    await consul.kill();
    const errors: unknown[] = [];
    const options = registering(consul, { required: false }, {
      onError: (error) => errors.push(error),
    });
    await withServer(options, async (server) => {
      assertEquals(server.isRegistered, false);
      assertEquals(errors.length, 1);
      assert(errors[0] instanceof ConsulError);
      await consul.start();
      await waitUntil(60_000, "it is registered", () => server.isRegistered);
      assertEquals(await knowing(consul, server), [["app-metrics"], true]);
    });
    assertEquals(await consul.services(), {});
    await consul.kill();
    errors.length = 0;
    for (const addr of ["", "127.0.0.1"]) {
      const server = await startHttpServer({ ...options, addr });
      await server.close();
    }
    // That it was not there is told once; there was nothing to deregister.
    assertEquals(errors.length, 2);
    assert(errors.every((error) => error instanceof ConsulError));
  });
});

test("a frozen agent holds neither start nor close() longer than timeout", {
  skip,
}, async () => {
  await withConsul({}, (consul) =>
    withServers(async (start) => {
      const errors: unknown[] = [];
      const server = await start(
        registering(consul, { timeout: 4000 }, {
          onError: (error) => errors.push(error),
        }),
      );
      await consul.freeze();
      for (const addr of ["127.0.0.1", ""]) {
        const error = await refusal(
          registering(consul, { timeout: 300, serviceId: "frozen" }, { addr }),
        );
        assert(error instanceof ConsulError);
        assertStringIncludes(error.message, "must answer within 300 ms");
      }
      await server.close(60_000);
      // That took no longer than its grace, which would be told last.
      assertStringIncludes(String(errors.at(-1)), "Cannot deregister service");
      assertStringIncludes(String(errors.at(-1)), "answer within 4000 ms");
      consul.resume();
    }));
});

test(
  "an agent that has forgotten the service is told again",
  { skip },
  async () => {
    await withConsul({}, async (consul) => {
      const errors: unknown[] = [];
      const options = registering(consul, {}, {
        onError: (error) => errors.push(error),
      });
      await withServer(options, async (server) => {
        const series = async (name: string) => {
          const text = await (await fetch(server.metricsUrl)).text();
          return RegExp(`^prometheus_async_discovery_${name} (.*)$`, "m")
            .exec(text)?.[1];
        };
        assertEquals(await series("registered"), "1");
        assertEquals(await series("failures_total"), "0");
        await consul.kill();
        await waitUntil(60_000, "that is seen", () => !server.isRegistered);
        assertEquals(await series("registered"), "0");
        assert(Number(await series("failures_total")) > 0);
        await consul.start();
        await waitUntil(60_000, "it is registered", () => server.isRegistered);
        assertEquals(await knowing(consul, server), [["app-metrics"], true]);
        assertEquals(await series("registered"), "1");
        assert(errors.every((error) => error instanceof ConsulError));
        await consul.put("agent/service/deregister/app-metrics");
        await assertSoon(
          ["app-metrics"],
          async () => Object.keys(await consul.services()),
        );
      });
      assertEquals(await consul.services(), {});
    });
  },
);

test(
  "a service whose id another server has taken is left to it",
  { skip },
  async () => {
    await withConsul({}, (consul) =>
      withServers(async (start) => {
        const errors = new Set<string>();
        const check = { ...OFTEN.check, type: "ttl" } as const;
        const timeout = 50_000;
        const first = await start(registering(consul, { check, timeout }, {
          onError: (error) => errors.add(String(error)),
        }));
        const portOf = async () =>
          Object.values(await consul.services()).map(({ Port }) => Port);
        const second = await start(registering(consul, { check }));
        await waitUntil(60_000, "the first knows", () => !first.isRegistered);
        await waitUntil(60_000, "that is told", () => errors.size > 0);
        const taken = (port: number) => `server at 127.0.0.1, port ${port};`;
        assertStringIncludes([...errors][0], taken(second.socket.port));
        assertEquals(await portOf(), [second.socket.port]);
        assertEquals(second.isRegistered, true);
        await second.close();
        // It is nobody's now.
        await waitUntil(60_000, "the first is back", () => first.isRegistered);
        assertEquals(await portOf(), [first.socket.port]);
        const third = await start(registering(consul, { check }));
        await first.close();
        assertEquals(await portOf(), [third.socket.port]);
        for (const error of errors) assertStringIncludes(error, "Cannot keep");
        await third.close();
        assertEquals(await portOf(), []);
      }));
  },
);

test(
  "an agent that comes later may know the id from before",
  { skip },
  async () => {
    await withConsul({}, (consul) =>
      withServers(async (start) => {
        for (const addr of ["127.0.0.1", ""]) {
          await consul.kill();
          const server = await start(
            registering(consul, { required: false, tags: ["v2"] }, {
              addr,
              onError: () => {},
            }),
          );
          await consul.start({
            ID: "app-metrics",
            Name: "app-metrics",
            Tags: ["v1"],
            Address: "127.0.0.1",
            Port: addr === "" ? 1 : server.socket.port,
          });
          await waitUntil(
            60_000,
            "it is registered",
            () => server.isRegistered,
          );
          const { "app-metrics": service } = await consul.services();
          assertEquals(service.Tags, ["v2"]);
          assertEquals(service.Port, server.socket.port);
          await server.close();
          assertEquals(await consul.services(), {});
        }
      }));
  },
);

test(
  "a check of one kind takes the place of one of the other",
  { skip },
  async () => {
    await withConsul({}, (consul) =>
      withServers(async (start) => {
        for (const type of ["http", "ttl", "http"] as const) {
          const check = { ...OFTEN.check, type };
          // The one before has been killed, as far as this one is told.
          const options = registering(consul, { check, deregister: false });
          const server = await start(options);
          await assertSoon("passing", () => consul.status("app-metrics"));
          const checks = await consul.get<Record<string, { Type: string }>>(
            "agent/checks",
          );
          assertEquals(Object.values(checks).map(({ Type }) => Type), [type]);
          await server.close();
        }
      }));
  },
);

test("a ConsulAgent asks with a fetch of one's own, or at a unix socket", {
  skip,
}, async () => {
  await withFolder(async (folder) => {
    const unix = join(folder, "consul.sock");
    await withConsul({ unix }, async (consul) => {
      const asked: string[] = [];
      const options = registering(consul, {
        fetch: (url, init) => {
          asked.push(`${init.method} ${new URL(url).pathname}`);
          return fetch(url, init);
        },
      });
      const server = await startHttpServer(options);
      await server.close();
      assertEquals(asked[0], "PUT /v1/agent/service/register");
      assertEquals(
        asked.at(-1),
        "PUT /v1/agent/service/deregister/app-metrics",
      );
      for (const addr of ["127.0.0.1", ""]) {
        const local = registering({ url: `unix://${unix}` }, {}, { addr });
        await withServer(local, async (server) => {
          assertEquals(await knowing(consul, server), [["app-metrics"], true]);
          await assertSoon("passing", () => consul.status("app-metrics"));
        });
        assertEquals(await consul.services(), {});
      }
    });
  });
});

test(
  "a program whose server is registered ends when that is closed",
  { skip },
  async () => {
    await withConsul({}, async (consul) => {
      const program = "tests/programs/registered_server.ts";
      const { stdout, stderr } = await runProgram(program, [consul.url]);
      assertEquals([stdout, stderr], ["registered\nclosed\n", ""]);
      assertEquals(await consul.services(), {});
    });
  },
);

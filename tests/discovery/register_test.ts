import {
  ConsulAgent,
  type ConsulAgentOptions,
  ConsulError,
} from "../../src/discovery/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { missing } from "../../tools/servers/locate.ts";
import { withFolder } from "../_folder.ts";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";
import { assertSoon, waitUntil } from "../_wait.ts";
import { withServer } from "../server/_servers.ts";
import { withConsul } from "./_consul.ts";
import {
  knowing,
  OFTEN,
  refusal,
  registering,
  withServers,
} from "./_registering.ts";

const skip = missing("consul");

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

test("the page of an agent is taken for no agent", { skip }, async () => {
  await withConsul({}, async (consul) => {
    const options = registering({ url: `${consul.url}/ui` });
    const error = await refusal(options);
    assert(error instanceof ConsulError, String(error));
    assertStringIncludes(error.message, "that of an agent, received 200");
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
        const taken = (port: number) =>
          `server at 127.0.0.1, port ${port}, has`;
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

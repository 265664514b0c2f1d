import { ConsulError } from "../../src/discovery/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { missing } from "../../tools/servers/locate.ts";
import { test } from "../_suite.ts";
import { assertSoon, waitUntil } from "../_wait.ts";
import { withServer } from "../server/_servers.ts";
import { withConsul } from "./_consul.ts";
import { knowing, refusal, registering, withServers } from "./_registering.ts";

const skip = missing("consul");

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
        assertStringIncludes(error.message, "did not answer within 300 ms");
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

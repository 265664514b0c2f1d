import {
  ConsulAgent,
  type ConsulAgentOptions,
} from "../../src/discovery/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { missing } from "../../tools/servers/locate.ts";
import { withFolder } from "../_folder.ts";
import { test } from "../_suite.ts";
import { assertSoon } from "../_wait.ts";
import { withServer } from "../server/_servers.ts";
import { withConsul } from "./_consul.ts";
import { OFTEN, registering } from "./_registering.ts";

const skip = missing("consul");

test("a server on all interfaces is registered where its check reaches it", {
  skip,
}, async () => {
  await withConsul({}, async (consul) => {
    for (const addr of ["", "0.0.0.0", "::ffff:0.0.0.0"]) {
      const options = registering(consul, {}, { addr });
      await withServer(options, async () => {
        const { "app-metrics": service } = await consul.services();
        // The address that this agent announces for its machine.
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

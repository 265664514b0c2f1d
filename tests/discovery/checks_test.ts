import { assertEquals } from "@std/assert";
import { missing } from "../../tools/servers/locate.ts";
import { Authority } from "../_certificates.ts";
import { test } from "../_suite.ts";
import { assertSoon, waitUntil } from "../_wait.ts";
import { withServer } from "../server/_servers.ts";
import { withConsul } from "./_consul.ts";
import { OFTEN, registering, withServers } from "./_registering.ts";

const skip = missing("consul");

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

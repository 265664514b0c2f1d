import { ConsulError } from "../../src/discovery/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { missing } from "../../tools/servers/locate.ts";
import { withEnvironment } from "../_environment.ts";
import { test } from "../_suite.ts";
import { assertSoon, waitUntil } from "../_wait.ts";
import { withServer } from "../server/_servers.ts";
import { type Consul, withConsul } from "./_consul.ts";
import { refusal, registering } from "./_registering.ts";

const skip = missing("consul");

type Token = string | (() => string | Promise<string>);

/** The permissions that an application's token should have. */
const RULES = 'service "app-metrics" { policy = "write" }';

const CHECK = { type: "ttl", interval: "1s", timeout: "60s" } as const;

function optionsWith(
  consul: Consul,
  token: Token | undefined,
  onError?: (error: unknown) => void,
) {
  return registering(consul, { token, check: CHECK }, { onError });
}

test("a ConsulAgent without a token that may says so, and nothing listens", {
  skip,
}, async () => {
  await withConsul({ acl: true }, async (consul) => {
    const useless = await consul.createToken(
      `node "${consul.node}" { policy = "read" }`,
    );
    const refused: [token: string, words: string][] = [
      ["", "Permission denied"],
      ["no-such-token", "ACL not found"],
      [useless, "Permission denied"],
    ];
    for (const [token, words] of refused) {
      const error = await refusal(optionsWith(consul, token));
      assert(error instanceof ConsulError, String(error));
      assertEquals(error.status, 403);
      assertStringIncludes(error.message, "received 403");
      assertStringIncludes(error.message, words);
      assertStringIncludes(error.message, 'service:write on "app-metrics"');
      if (token !== "") assert(!error.message.includes(token));
    }
  });
});

test("a token comes as a text, from the environment or from a function", {
  skip,
}, async () => {
  await withConsul({ acl: true }, async (consul) => {
    const token = await consul.createToken(RULES);
    const all = [
      withEnvironment(
        { CONSUL_HTTP_TOKEN: token },
        () => optionsWith(consul, undefined),
      ),
      optionsWith(consul, token),
      optionsWith(consul, () => `${token}\n`),
      optionsWith(consul, () => Promise.resolve(token)),
    ];
    for (const options of all) {
      const server = await startHttpServer(options);
      assertEquals(server.isRegistered, true);
      assertEquals(await consul.status("app-metrics"), "passing");
      await server.close();
      assertEquals(await consul.services(), {});
    }
  });
});

test(
  "a server on all interfaces needs no other permission",
  { skip },
  async () => {
    await withConsul({ acl: true }, async (consul) => {
      const token = await consul.createToken(RULES);
      const options = { ...optionsWith(consul, token), addr: "" };
      await withServer(options, async (server) => {
        assertEquals(server.isRegistered, true);
        const { "app-metrics": service } = await consul.services();
        // It may not know the agent's address, for which Consul puts that.
        assertEquals(service.Address, "");
        const [found] = await consul.get<{ Address: string }[]>(
          "catalog/service/app-metrics",
        );
        assertEquals(found.Address, "127.0.0.1");
      });
      assertEquals(await consul.services(), {});
    });
  },
);

test("a token that is replaced is used from then on", { skip }, async () => {
  await withConsul({ acl: true }, async (consul) => {
    const errors: unknown[] = [];
    const first = await consul.createToken(RULES);
    let token = first;
    const options = optionsWith(
      consul,
      () => Promise.resolve(token),
      (error) => errors.push(error),
    );
    const server = await startHttpServer(options);
    await consul.deleteToken(first);
    await waitUntil(60_000, "it is refused", () => errors.length > 0);
    assertStringIncludes(String(errors[0]), "received 403");
    assert(!String(errors[0]).includes(first));
    // The agent has not forgotten it, though.
    assertEquals(server.isRegistered, true);
    token = await consul.createToken(RULES);
    await consul.put("agent/check/fail/service:app-metrics:ttl");
    await assertSoon("passing", () => consul.status("app-metrics"));
    await server.close();
    assertEquals(await consul.services(), {});
    assertEquals(server.isRegistered, false);
  });
});

test(
  "what a token's function throws, or yields, keeps the server from starting",
  { skip },
  async () => {
    await withConsul({ acl: true }, async (consul) => {
      const reason = new Error("the vault is closed");
      const failing = [
        () => Promise.reject(reason),
        () => {
          throw reason;
        },
      ];
      for (const token of failing) {
        const error = await assertRejects(
          () => startHttpServer(optionsWith(consul, token)),
          Error,
        );
        assertEquals(error, reason);
      }
      for (const token of [() => null, () => Promise.resolve(5)]) {
        await assertRejects(
          () => startHttpServer(optionsWith(consul, token as never)),
          TypeError,
          "token must be a string",
        );
      }
    });
  },
);

import { ConsulAgent, ConsulError } from "../../src/discovery/mod.ts";
import { startHttpServerInThreadSync } from "../../src/thread/mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as client from "prom-client";
import { missing } from "../../tools/servers/locate.ts";
import { curlSync } from "../_curl.ts";
import { test } from "../_suite.ts";
import { assertSoon, waitUntil } from "../_wait.ts";
import { type Consul, withConsul } from "../discovery/_consul.ts";
import {
  blockUntil,
  pauseSync,
  scrape,
  valueOf,
  withThread,
} from "./_threads.ts";

const skip = missing("consul");

/** A heartbeat is good for a minute, which no load takes from one to the next. */
const TTL = { type: "ttl", interval: "1s", timeout: "60s" } as const;

/** Its id, and what has the agent take it for failed. */
const CHECK = "service:app-metrics:ttl";
const FAIL = `agent/check/fail/${CHECK}`;

function agent(
  consul: Consul,
  options: ConstructorParameters<typeof ConsulAgent>[0] = {},
): ConsulAgent {
  return new ConsulAgent({
    address: consul.url,
    token: "",
    check: TTL,
    ...options,
  });
}

const ids = async (consul: Consul) => Object.keys(await consul.services());

test(
  "heartbeats go on while the main thread is blocked",
  { skip },
  async () => {
    await withConsul({}, async (consul) => {
      const registry = new client.Registry();
      const serviceDiscovery = agent(consul, { token: () => "asked-on-main" });
      await withThread({ registry, serviceDiscovery }, async (server) => {
        assertEquals(server.isRegistered, true);
        assertEquals(await consul.status("app-metrics"), "passing");
        // Each time only a heartbeat makes up for that. All of it blocks this
        // thread; the first heartbeat may have been under way before.
        for (let n = 0; n < 3; n++) {
          curlSync("-X", "PUT", `${consul.url}/v1/${FAIL}`);
          blockUntil("there is a heartbeat", () => {
            pauseSync(100);
            const checks = curlSync(`${consul.url}/v1/agent/checks`);
            return JSON.parse(checks)[CHECK].Status === "passing";
          });
        }
        assertEquals(server.isRegistered, true);
      });
      assertEquals(await ids(consul), []);
    });
  },
);

test(
  "a thread tells an agent again that has forgotten, and says so",
  { skip },
  async () => {
    await withConsul({}, async (consul) => {
      const registry = new client.Registry();
      const errors: unknown[] = [];
      await withThread({
        registry,
        serviceDiscovery: agent(consul, { check: { interval: "1s" } }),
        onError: (error) => errors.push(error),
      }, async (server) => {
        const registered = async () =>
          valueOf(
            await scrape(server),
            "prometheus_async_discovery_registered",
          );
        assertEquals(await registered(), 1);
        await consul.kill();
        await waitUntil(60_000, "that is seen", () => !server.isRegistered);
        assertEquals(await registered(), 0);
        await waitUntil(60_000, "that is told", () => errors.length > 0);
        assert(errors[0] instanceof ConsulError);
        assertEquals(errors[0].agent, consul.url);
        const failures = "prometheus_async_discovery_failures_total";
        assert(valueOf(await scrape(server), failures)! > 0);
        await consul.start();
        await waitUntil(60_000, "it is registered", () => server.isRegistered);
        assertEquals(await ids(consul), ["app-metrics"]);
        assertEquals(await registered(), 1);
      });
    });
  },
);

test(
  "what an agent refuses is thrown where the thread was started",
  { skip },
  async () => {
    await withConsul({ acl: true }, async (consul) => {
      const registry = new client.Registry();
      const never = () => assert(false, "it has started");
      const error = await assertRejects(
        () => withThread({ registry, serviceDiscovery: agent(consul) }, never),
        ConsulError,
      );
      assertEquals(error.status, 403);
      assertStringIncludes(error.message, "Permission denied");
      const sync = assertThrows(() =>
        startHttpServerInThreadSync({
          addr: "127.0.0.1",
          registry,
          serviceDiscovery: agent(consul),
        }), ConsulError);
      assertEquals(sync.status, 403);
      const reason = new Error("the vault is closed");
      const thrown = await assertRejects(
        () =>
          withThread({
            registry,
            serviceDiscovery: agent(consul, {
              token: () => Promise.reject(reason),
            }),
          }, never),
        Error,
      );
      assertEquals(thrown, reason);
    });
  },
);

test("a token that a function yields is that of the moment on a thread, too", {
  skip,
}, async () => {
  await withConsul({ acl: true }, async (consul) => {
    const rules = 'service "app-metrics" { policy = "write" }';
    const first = await consul.createToken(rules);
    let yielded: () => Promise<string> = () => Promise.resolve(first);
    const errors: unknown[] = [];
    await withThread({
      registry: new client.Registry(),
      serviceDiscovery: agent(consul, {
        token: () => yielded(),
      }),
      onError: (error) => errors.push(error),
    }, async (server) => {
      assertEquals(server.isRegistered, true);
      yielded = () => Promise.reject(new RangeError("not now"));
      await waitUntil(60_000, "that is told", () => errors.length > 0);
      assert(errors[0] instanceof RangeError);
      const second = await consul.createToken(rules);
      yielded = () => Promise.resolve(second);
      await consul.deleteToken(first);
      await consul.put(FAIL);
      await assertSoon("passing", () => consul.status("app-metrics"));
    });
    assertEquals(await ids(consul), []);
  });
});

test(
  "a token's function that hangs once is asked again by a thread",
  { skip },
  async () => {
    await withConsul({}, async (consul) => {
      let calls = 0;
      const errors: unknown[] = [];
      await withThread({
        registry: new client.Registry(),
        serviceDiscovery: agent(consul, {
          // Long enough for a busy machine, which must not be told of itself.
          timeout: 3000,
          // The start needs two calls; the next one hangs until that is told.
          token: () =>
            ++calls > 2 && errors.length === 0 ? new Promise(() => {}) : "a",
        }),
        onError: (error) => errors.push(error),
      }, async (server) => {
        await waitUntil(60_000, "it hangs", () => errors.length > 0);
        assertStringIncludes(
          String(errors[0]),
          "token did not yield within 3000",
        );
        // That says nothing of the agent.
        assertEquals(server.isRegistered, true);
        const before = calls;
        await waitUntil(60_000, "it is asked again", () => calls > before);
        await waitUntil(60_000, "it is registered", () => server.isRegistered);
      });
      assertEquals(await ids(consul), []);
    });
  },
);

test("a thread that is started without turning the event loop is registered", {
  skip,
}, async () => {
  await withConsul({}, async (consul) => {
    const registry = new client.Registry();
    for (const token of ["", () => "abc"]) {
      const server = startHttpServerInThreadSync({
        addr: "127.0.0.1",
        registry,
        serviceDiscovery: agent(consul, { token }),
      });
      assertEquals(server.isRegistered, true);
      assertEquals(await ids(consul), ["app-metrics"]);
      server.closeSync();
      assertEquals(server.isRegistered, false);
      assertEquals(await ids(consul), []);
      await server.close();
    }
    const refused: [ConsulAgent, words: string][] = [
      [agent(consul, { token: () => Promise.resolve("a") }), "a promise"],
      [agent(consul, { fetch }), "without a fetch of its own"],
    ];
    for (const [serviceDiscovery, words] of refused) {
      assertThrows(
        () => startHttpServerInThreadSync({ registry, serviceDiscovery }),
        TypeError,
        words,
      );
    }
  });
});

test(
  "an agent with a fetch of its own runs on the main thread",
  { skip },
  async () => {
    await withConsul({}, async (consul) => {
      let requests = 0;
      const serviceDiscovery = agent(consul, {
        fetch: (url, init) => {
          requests++;
          return fetch(url, init);
        },
      });
      await withThread({
        registry: new client.Registry(),
        serviceDiscovery,
      }, async (server) => {
        assert(requests > 0);
        assertEquals(server.isRegistered, true);
        const registered = "prometheus_async_discovery_registered";
        assertEquals(valueOf(await scrape(server), registered), 1);
        await consul.kill();
        await waitUntil(60_000, "that is seen", () => !server.isRegistered);
        // The thread serves what the main thread knows.
        assertEquals(valueOf(await scrape(server), registered), 0);
        await consul.start();
        await waitUntil(60_000, "it is registered", () => server.isRegistered);
      });
      assertEquals(await ids(consul), []);
    });
  },
);

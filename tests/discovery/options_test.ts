import {
  ConsulAgent,
  type ConsulAgentOptions,
} from "../../src/discovery/mod.ts";
import { settingsOf } from "../../src/discovery/consul_agent.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Authority } from "../_certificates.ts";
import { withEnvironment } from "../_environment.ts";
import { test } from "../_suite.ts";

const SECRET = "do-not-tell-3f7a";

/** Options that cannot be, and what their error says. */
const REFUSED: readonly [options: unknown, words: string][] = [
  [null, "options must be an object"],
  [[], "options must be an object, received an array"],
  [{ serviceID: "a" }, "received serviceID for serviceId"],
  [{ unknown: 1 }, "received unknown"],
  [{ name: 1 }, "name must be a string, received 1"],
  [{ name: "" }, "name must not be empty"],
  [{ serviceId: "" }, "serviceId must not be empty"],
  [{ serviceId: ".." }, 'serviceId must be without "//"'],
  [{ serviceId: "/shop" }, 'serviceId must be without "//"'],
  [{ serviceId: "http://shop" }, 'serviceId must be without "//"'],
  [{ name: "." }, 'serviceId must be without "//"'],
  [{ namespace: "" }, "namespace must not be empty"],
  [{ datacenter: 1 }, "datacenter must be a string"],
  [{ tags: "a" }, 'tags must be an array of strings, received "a"'],
  [{ tags: [1] }, "tags must be an array of strings"],
  [{ meta: [] }, "meta must be an object"],
  [{ meta: { a: 1 } }, "meta.a must be a string, received 1"],
  [{ deregister: "no" }, "deregister must be a boolean"],
  [{ required: 0 }, "required must be a boolean"],
  [{ timeout: 0 }, "timeout must be a number from 1 to"],
  [{ timeout: "5s" }, "timeout must be a number"],
  [{ fetch: {} }, "fetch must be a function"],
  [{ address: "ftp://a" }, "address must be an http:, https: or unix: URL"],
  [{ address: "http://a/?b=c" }, 'received "http://a/…"'],
  [{ address: `http://a/#${SECRET}` }, 'received "http://a/…"'],
  [{ address: `http://user:${SECRET}@a:99999` }, "without user and password"],
  [{ address: `user:${SECRET}@a b:1` }, "without user and password"],
  [{ address: null }, "address must be a string"],
  [{ address: `http://user:${SECRET}@a` }, "without user and password"],
  [{ address: `user:${SECRET}@a:1` }, "without user and password"],
  [{ address: `http://a/?token=${SECRET}` }, 'received "http://a/…"'],
  [{ address: "unix:run/consul" }, "address must be"],
  [{ token: 5 }, "token must be a string"],
  [{ token: null }, "token must be a string"],
  [{ token: `${SECRET}\nX: y` }, "token must be of visible ASCII"],
  [{ token: `${SECRET}é` }, "token must be of visible ASCII"],
  [{ check: null }, "check must be an object"],
  [{ check: { typ: "ttl" } }, "received typ"],
  [{ check: { type: "tcp" } }, 'check.type must be "http" or "ttl"'],
  [{ check: { interval: 10 } }, "check.interval must be a string"],
  [{ check: { interval: "10" } }, 'received "10"'],
  [{ check: { interval: "999ms" } }, "of 1000 ms at least"],
  [{ check: { interval: "9999999h" } }, "check.interval must be a duration"],
  [{ check: { timeout: "0s" } }, "check.timeout must be a duration"],
  [
    { check: { deregisterCriticalServiceAfter: "soon" } },
    "check.deregisterCriticalServiceAfter must be a duration",
  ],
  [{ check: { tlsSkipVerify: 1 } }, "check.tlsSkipVerify must be a boolean"],
  [{ advertise: { adress: "a" } }, "received adress"],
  [{ advertise: { address: "0.0.0.0" } }, "that others can reach"],
  [{ advertise: { address: "::" } }, "that others can reach"],
  [{ advertise: { address: "[::1]" } }, "without port and brackets"],
  [{ advertise: { address: "10.0.0.5:9090" } }, "without port and brackets"],
  [{ advertise: { address: "0" } }, "that others can reach"],
  [{ advertise: { address: "::ffff:0.0.0.0" } }, "that others can reach"],
  [{ advertise: { address: "http://a" } }, "an IP address or a host name"],
  [{ advertise: { port: 0 } }, "advertise.port must be an integer from 1"],
  [{ advertise: { port: 1.5 } }, "advertise.port must be an integer"],
  [{ tls: {} }, "address must be https:"],
  [{ tls: null }, "tls must be an object"],
  [{ address: "https://a", tls: [] }, "tls must be an object"],
  [{ address: "https://a", tls: { cert: SECRET } }, "the certificate alone"],
  [{ address: "https://a", tls: { keyFile: "k" } }, "the key alone"],
  [{ address: "https://a", tls: { ca: "a", caFile: "b" } }, "received both"],
  [{ address: "https://a", tls: { CA: SECRET } }, "received CA for ca"],
  [{ address: "https://a", tls: { ca: [SECRET] } }, "tls.ca must be a string"],
  [
    { address: "https://a", tls: { caFile: `-----BEGIN ${SECRET}` } },
    "give it as ca",
  ],
  [{ address: "https://a", tls: {}, fetch }, "cannot be combined"],
  [{ address: "unix:///run/consul.sock", fetch }, "cannot be combined"],
];

test("new ConsulAgent() refuses what options cannot be, without secrets", () => {
  for (const [options, words] of REFUSED) {
    const error = assertThrows(
      () => new ConsulAgent(options as ConsulAgentOptions),
      Error,
      words,
    );
    assert(error instanceof TypeError || error instanceof RangeError);
    assert(!error.message.includes(SECRET), error.message);
    assert(error.message.startsWith("Cannot make a Consul agent: "));
  }
});

test("new ConsulAgent() takes address and token from the environment", () => {
  const variables = {
    CONSUL_HTTP_ADDR: "consul.example:8501",
    CONSUL_HTTP_TOKEN: "from-environment",
  };
  withEnvironment(variables, () => {
    const found = settingsOf(new ConsulAgent())!;
    assertEquals(found.agent.name, "http://consul.example:8501");
    assertEquals(found.token, "from-environment");
    const options = { address: "https://a/consul", token: "" };
    const given = settingsOf(new ConsulAgent(options))!;
    assertEquals(given.agent.root, "https://a/consul/");
    assertEquals(given.token, undefined);
  });
  withEnvironment({ CONSUL_HTTP_ADDR: "", CONSUL_HTTP_TOKEN: "" }, () => {
    const found = settingsOf(new ConsulAgent())!;
    assertEquals(found.agent.name, "http://127.0.0.1:8500");
    assertEquals(found.token, undefined);
  });
});

test("new ConsulAgent() copies its options, and has defaults", async () => {
  const authority = await Authority.create();
  const tags = ["a"];
  const meta: Record<string, string> = { a: "b" };
  const options = {
    tags,
    meta,
    address: "https://a:8501",
    token: " padded\n",
    tls: { ca: authority.cert },
  };
  const agent = new ConsulAgent(options);
  tags.push("b");
  meta.c = "d";
  options.tls.ca = "";
  const settings = settingsOf(agent)!;
  assertEquals(settings.name, "app-metrics");
  assertEquals(settings.serviceId, "app-metrics");
  assertEquals(settings.tags, ["a"]);
  assertEquals(settings.meta, { a: "b" });
  assertEquals(settings.token, "padded");
  assertEquals(settings.tls!.ca, authority.cert);
  assertEquals([settings.deregister, settings.required], [true, true]);
  assertEquals(settings.timeout, 5000);
  assertEquals([settings.check.interval, settings.check.timeout], [
    10_000,
    10_000,
  ]);
});

test("new ConsulAgent() takes all that can be reached", () => {
  const addresses = ["10.0.0.5", "::1", "fe80::1%eth0", "a.example", "shöp"];
  for (const address of addresses) {
    const agent = new ConsulAgent({
      address: "http:/127.0.0.1:8500",
      token: "",
      advertise: { address },
      check: { deregisterCriticalServiceAfter: "720h" },
    });
    const settings = settingsOf(agent)!;
    assertEquals(settings.advertise.address, address);
    assertEquals(settings.agent.name, "http://127.0.0.1:8500");
  }
});

test("settings are those of an agent, not of a class derived from it", () => {
  class Derived extends ConsulAgent {}
  const options = { address: "http://a", token: "" };
  assert(settingsOf(new ConsulAgent(options)) !== undefined);
  assertEquals(settingsOf(new Derived(options)), undefined);
  const register = () => Promise.resolve(null);
  const own = Object.assign(new ConsulAgent(options), { register });
  assertEquals(settingsOf(own), undefined);
  assertEquals(settingsOf(Object.create(ConsulAgent.prototype)), undefined);
  assertEquals(settingsOf({}), undefined);
});

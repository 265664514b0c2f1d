import {
  type AuthOptions,
  startHttpServer,
  type StartHttpServerOptions,
} from "../../src/server/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import * as client from "prom-client";
import { test } from "../_suite.ts";
import { basic, contract, withServer } from "./_servers.ts";

const registry = new client.Registry();
const TOKEN = "mF_9.B5f-4.1JqM";
const SECOND_TOKEN = "c2Vjb25k~token+/==";
const PASSWORD = "pass:wörd €";

/** Asks with an Authorization header; yields the status and the challenge. */
async function ask(url: string, authorization?: string) {
  const response = await fetch(
    url,
    authorization === undefined ? {} : { headers: { authorization } },
  );
  await response.body?.cancel();
  return [response.status, response.headers.get("www-authenticate")];
}

const BASIC = 'Basic realm="metrics", charset="UTF-8"';
const BEARER = 'Bearer realm="metrics"';

contract(
  "startHttpServer() with auth serves those with credentials only",
  async (loopback) => {
    const auth = {
      basic: { prometheus: PASSWORD, "": "nameless", long: "x".repeat(2000) },
      bearer: [TOKEN, SECOND_TOKEN],
    };
    await withServer({ ...loopback, registry, auth }, async (server) => {
      const right = [
        basic("prometheus", PASSWORD),
        basic("", "nameless"),
        basic("long", "x".repeat(2000)),
        basic("prometheus", PASSWORD).replace("Basic", "bAsIc "),
        `Bearer ${TOKEN}`,
        `BEARER ${SECOND_TOKEN}`,
      ];
      const wrong = [
        undefined,
        "",
        "Basic",
        "Bearer",
        "Basic !!!",
        "Basic Og==",
        "Basic " + btoa("prometheus"),
        basic("prometheus", PASSWORD + " "),
        basic("prometheus", "nameless"),
        basic("Prometheus", PASSWORD),
        basic("", ""),
        basic("__proto__", "undefined"),
        basic("constructor", "undefined"),
        `Bearer ${TOKEN}x`,
        `Bearer ${TOKEN.slice(1)}`,
        `Bearer ${TOKEN.toLowerCase()}`,
        `Bearer ${TOKEN} ${TOKEN}`,
        `Basic ${btoa(TOKEN)}`,
        `Bearer ${basic("prometheus", PASSWORD).slice(6)}`,
        `Digest ${TOKEN}`,
        `Bearer ${"a".repeat(5000)}`,
      ];
      for (const path of ["/metrics", "/", "/nowhere"]) {
        const url = new URL(path, server.url).href;
        for (const authorization of right) {
          const [status] = await ask(url, authorization);
          assertEquals(status, path === "/nowhere" ? 404 : 200, authorization);
        }
        for (const authorization of wrong) {
          assertEquals(
            await ask(url, authorization),
            [401, `${BASIC}, ${BEARER}`],
            `${path} with ${authorization}`,
          );
        }
      }
    });
  },
);

contract(
  "startHttpServer() with auth answers health checks without",
  async (loopback) => {
    const auth = { bearer: [TOKEN] };
    await withServer({ ...loopback, registry, auth }, async (server) => {
      assertEquals(await ask(server.healthUrl), [200, null]);
      assertEquals(await ask(server.healthUrl, "Bearer wrong"), [200, null]);
      for (
        const path of ["/-/Healthy", "/-/healthy/", "/-/healthy/../../metrics"]
      ) {
        assertEquals((await ask(server.url + path.slice(1)))[0], 401, path);
      }
    });
  },
);

test("startHttpServer() with auth asks for what it takes", async () => {
  const challenges: [AuthOptions, string][] = [
    [{ basic: { a: "b" } }, BASIC],
    [{ bearer: ["a"] }, BEARER],
    [{ basic: {}, bearer: ["a"] }, BEARER],
  ];
  for (const [auth, challenge] of challenges) {
    const options = { addr: "127.0.0.1", registry, auth };
    await withServer(options, async ({ metricsUrl }) => {
      assertEquals(await ask(metricsUrl), [401, challenge]);
    });
  }
});

test("startHttpServer() refuses auth that would leave it open, and shows no secret", async () => {
  const wrong: [unknown, RegExp][] = [
    [{}, /users in basic or tokens in bearer, received none/],
    [{ basic: {} }, /received none/],
    [{ bearer: [] }, /received none/],
    [{ basic: undefined }, /received basic: undefined$/],
    [{ basic: { a: "b" }, bearer: undefined }, /received bearer: undefined$/],
    [{ Bearer: ["secret"] }, /received Bearer for bearer$/],
    [{ token: "secret" }, /received token$/],
    [
      { bearer: "secret" },
      /auth\.bearer must be an array of tokens, received a value/,
    ],
    [{ bearer: ["a", ""] }, /received another one as number 2/],
    [{ bearer: ["sec ret"] }, /RFC 6750/],
    [{ bearer: [undefined] }, /RFC 6750/],
    [{ basic: { a: "" } }, /received an empty one for "a"$/],
    [
      { basic: { "a:secret": "b" } },
      /users without a colon, received one with it$/,
    ],
    [{ basic: { a: undefined } }, /received a: undefined$/],
    [{ basic: { a: 4711 } }, /received a value of type number for "a"$/],
    [{ basic: null, bearer: ["a"] }, /auth\.basic must be an object/],
    [{ basic: "secret" }, /auth\.basic must be an object of passwords/],
    [{ basic: ["secret"] }, /auth\.basic must .* received an array$/],
    [{ basic: new Map(), bearer: ["a"] }, /auth\.basic must be an object/],
    [null, /auth must be an object/],
  ];
  for (const [auth, message] of wrong) {
    const options = { addr: "127.0.0.1", auth } as StartHttpServerOptions;
    const error = await assertRejects(() => startHttpServer(options), Error);
    assert(error instanceof TypeError || error instanceof RangeError);
    assertMatch(error.message, message);
    assert(!error.message.includes("secret"), error.message);
  }
});

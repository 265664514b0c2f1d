import { assert, assertEquals, assertMatch } from "@std/assert";
import * as client from "prom-client";
import { describe, quote, visible } from "../../src/base/describe.ts";
import { metricsHandler } from "../../src/exposition/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { withAnswers } from "./_answers.ts";
import { refusal, registering, withServers } from "./_registering.ts";

/** The characters that terminals, logs and readers obey: C0, DEL, C1, directions, hidden ones. */
const UNSAFE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/;

const HOSTILE = 'a\x1b[31m"b\\\n[ERROR] forged\r\x07\x7f\x85\x9b31m' +
  "\u202egnp\u2066\u200b\u2028\ufeff\ud800";

test("foreign text is shown with escapes, and cut afterwards", () => {
  assertEquals(visible("wörd 日本 🙂 'x'"), "wörd 日本 🙂 'x'");
  assertEquals(quote('a"b\\c'), String.raw`"a\"b\\c"`);
  assertEquals(
    quote(HOSTILE),
    String.raw`"a\u001b[31m\"b\\\n[ERROR] forged\r\u0007\u007f\u0085\u009b31m` +
      String.raw`\u202egnp\u2066\u200b\u2028\ufeff\ud800"`,
  );
  assertEquals(visible("\u{e0001}"), String.raw`\u{e0001}`);
  assertEquals(visible("\x00".repeat(5000)).length, 1001);
  assertEquals(quote("\x00".repeat(1e6)).length, 1003);
  // No half of a character.
  assertEquals(visible(`${"x".repeat(9)}🙂🙂`, 10), `${"x".repeat(9)}…`);
  for (const value of [HOSTILE, { [HOSTILE]: class {} }[HOSTILE]]) {
    const shown = describe(value);
    assert(!UNSAFE.test(shown), shown);
    assert(shown.length < 80, shown);
  }
  const own = Object.defineProperty(class {}, "name", { value: HOSTILE });
  assert(!UNSAFE.test(describe(new own())));
  assert(!UNSAFE.test(describe(Symbol(HOSTILE))));
});

test("an agent's words obey nobody, wherever they are shown", async () => {
  const words = HOSTILE.repeat(200);
  const answers = [
    { status: 400, body: words },
    { status: 200, body: words },
    { status: 500, body: `<${words}` },
    { status: 200, body: JSON.stringify({ Config: { Datacenter: words } }) },
  ];
  await Promise.all(answers.map(async ({ status, body }) => {
    await withAnswers((_request, response) => {
      response.writeHead(status).end(body);
    }, async (url) => {
      const options = { datacenter: "dc1", timeout: 5000 };
      const { message } = await refusal(registering({ url }, options));
      assert(!UNSAFE.test(message), JSON.stringify(message));
      assert(message.length < 1300, `${message.length}`);
      assertMatch(message, /\\u001b\[31m/);
    });
  }));
});

test("the place of another service obeys nobody", async () => {
  const errors: unknown[] = [];
  let isTaken = false;
  await withAnswers((request, response, asAgent) => {
    if (request.method === "PUT" || !isTaken) return asAgent();
    response.end(JSON.stringify({ Address: HOSTILE.repeat(99), Port: 1 }));
  }, async (url) => {
    await withServers(async (start) => {
      await start(registering({ url }, { check: { interval: "1s" } }, {
        onError: (error) => errors.push(error),
      }));
      isTaken = true;
      await waitUntil(60_000, "it is told", () => errors.length > 0);
    });
  });
  const { message } = errors[0] as Error;
  assert(!UNSAFE.test(message), JSON.stringify(message));
  assertMatch(message, /a server at a\\u001b\[31m.*…, port 1, has taken/);
  assert(message.length < 300, message);
});

test("errors of collectors obey nobody, in an answer and in onError", async () => {
  const registry = new client.Registry();
  new client.Gauge({
    name: "broken",
    help: "B",
    registers: [registry],
    collect() {
      throw new Error(HOSTILE);
    },
  });
  const errors: unknown[] = [];
  const handler = metricsHandler({
    registry,
    failOnError: true,
    onError: (error) => errors.push(error),
  });
  const response = await handler(new Request("http://localhost/metrics"));
  const body = await response.text();
  assertMatch(body, /^Cannot gather metric "broken": a\\u001b.*\n$/);
  assert(!UNSAFE.test(body.trim()), body);
  const { message, cause } = errors[0] as Error;
  assert(!UNSAFE.test(message), message);
  // The application's own error is as it was.
  assertEquals((cause as Error).message, HOSTILE);
});

test("what a client says of itself obeys nobody on the page", async () => {
  const registry = new client.Registry();
  new client.Gauge({ name: "a", help: HOSTILE, registers: [registry] });
  const server = await startHttpServer({ addr: "127.0.0.1", registry });
  try {
    const userAgent = "evil/1\x9b31m\x85\xad";
    const headers = { "user-agent": userAgent };
    await (await fetch(server.metricsUrl, { headers })).text();
    const html = (await (await fetch(server.url)).text()).replaceAll("\n", "");
    assert(!UNSAFE.test(html), JSON.stringify(html));
    assert(html.includes(String.raw`\u202egnp`), html);
  } finally {
    await server.close();
  }
});

import { plainAnswer } from "../../src/answer.ts";
import { ListenError } from "../../src/errors.ts";
import { listen } from "../../src/runtime/listen.ts";
import type { Listener, ListenOptions } from "../../src/runtime/types.ts";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { test } from "../_suite.ts";
import { unlimited } from "./_listening.ts";

const handler = () => plainAnswer(200, null);

const on = (hostname: string): ListenOptions => ({
  address: { hostname, port: 0 },
  handler,
  ...unlimited(),
});

/** A runtime on a system that fails to bind some addresses. */
function systemWithout(codes: Record<string, string>) {
  const asked: string[] = [];
  const listen = ({ address }: ListenOptions): Promise<Listener> => {
    const { hostname } = address as { hostname: string };
    asked.push(hostname);
    const code = codes[hostname];
    if (code) return Promise.reject(Object.assign(new Error(code), { code }));
    const nothing = () => Promise.resolve();
    return Promise.resolve({
      address,
      renew: nothing,
      ref: nothing,
      unref: nothing,
      stop: nothing,
      cut: nothing,
    });
  };
  return { asked, listen };
}

test("listen() takes IPv4 alone for all interfaces where there is no IPv6", async () => {
  for (const code of ["EAFNOSUPPORT", "EADDRNOTAVAIL"]) {
    const system = systemWithout({ "::": code });
    const { address } = await listen(on(""), system);
    assertEquals(address, { hostname: "0.0.0.0", port: 0 });
    assertEquals(system.asked, ["::", "0.0.0.0"]);
  }
});

test("listen() tries IPv4 for no other failure of all interfaces", async () => {
  const system = systemWithout({ "::": "EADDRINUSE" });
  const error = await assertRejects(
    () => listen(on(""), system),
    ListenError,
  );
  assertEquals([error.addr, error.code], ["", "EADDRINUSE"]);
  assertEquals(system.asked, ["::"]);
});

test("listen() names the address it was asked for when both families fail", async () => {
  const system = systemWithout({ "::": "EAFNOSUPPORT", "0.0.0.0": "EACCES" });
  const error = await assertRejects(
    () => listen(on(""), system),
    ListenError,
  );
  assertEquals([error.addr, error.code], ["", "EACCES"]);
});

test("listen() passes on what a runtime throws as the cause", async () => {
  const cause = new Error("no code here");
  const error = await assertRejects(
    () =>
      listen(on("a"), {
        listen: () => Promise.reject(cause),
      }),
    ListenError,
  );
  assertStrictEquals(error.cause, cause);
  assertEquals(error.code, undefined);
  assertEquals(
    error.message,
    'Cannot listen on address "a", port 0: no code here',
  );
});

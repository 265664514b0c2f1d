import { ListenError } from "../../src/errors.ts";
import { listen } from "../../src/runtime/listen.ts";
import type { Listener } from "../../src/runtime/types.ts";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { test } from "../_suite.ts";

const OPTIONS = { port: 0, handler: () => new Response() };

/** A runtime on a system that fails to bind some addresses. */
function systemWithout(codes: Record<string, string>) {
  const asked: string[] = [];
  const listen = ({ hostname }: { hostname: string }): Promise<Listener> => {
    asked.push(hostname);
    const code = codes[hostname];
    if (code) return Promise.reject(Object.assign(new Error(code), { code }));
    return Promise.resolve({
      addr: hostname,
      port: 1,
      stop: () => Promise.resolve(),
    });
  };
  return { asked, listen };
}

test("listen() takes IPv4 alone for all interfaces where there is no IPv6", async () => {
  for (const code of ["EAFNOSUPPORT", "EADDRNOTAVAIL"]) {
    const system = systemWithout({ "::": code });
    const { addr } = await listen({ ...OPTIONS, hostname: "" }, system);
    assertEquals(addr, "0.0.0.0");
    assertEquals(system.asked, ["::", "0.0.0.0"]);
  }
});

test("listen() tries IPv4 for no other failure of all interfaces", async () => {
  const system = systemWithout({ "::": "EADDRINUSE" });
  const error = await assertRejects(
    () => listen({ ...OPTIONS, hostname: "" }, system),
    ListenError,
  );
  assertEquals([error.addr, error.code], ["", "EADDRINUSE"]);
  assertEquals(system.asked, ["::"]);
});

test("listen() names the address it was asked for when both families fail", async () => {
  const system = systemWithout({ "::": "EAFNOSUPPORT", "0.0.0.0": "EACCES" });
  const error = await assertRejects(
    () => listen({ ...OPTIONS, hostname: "" }, system),
    ListenError,
  );
  assertEquals([error.addr, error.code], ["", "EACCES"]);
});

test("listen() passes on what a runtime throws as the cause", async () => {
  const cause = new Error("no code here");
  const error = await assertRejects(
    () =>
      listen({ ...OPTIONS, hostname: "a" }, {
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

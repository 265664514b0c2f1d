import { assert, assertEquals } from "@std/assert";
import {
  CollectorError,
  ListenError,
  ThreadError,
  TlsError,
  UnsupportedOptionError,
} from "../../src/errors.ts";
import { fromSent, toSent } from "../../src/thread/sent_error.ts";
import { test } from "../_suite.ts";

/** Sends an error as threads do. */
function send(error: unknown): Error {
  return fromSent(structuredClone(toSent(error)));
}

const cause = Object.assign(new RangeError("deep"), { code: "EDEEP" });

const ERRORS = [
  new TypeError("type", { cause }),
  new SyntaxError("syntax"),
  new AggregateError([new Error("one"), cause], "several"),
  new ListenError({ addr: "a", port: 1, code: "EADDRINUSE", cause }),
  new TlsError("tls", { cause }),
  new ThreadError({ message: "thread", exitCode: 3 }),
  new CollectorError({ collector: "c", failure: "error", message: "m", cause }),
  new UnsupportedOptionError({
    option: "o",
    runtime: "r",
    requirement: "q",
    received: "v",
    wayOut: "w",
  }),
];

test("errors keep their class, fields and causes from thread to thread", () => {
  for (const error of ERRORS) {
    const sent = send(error);
    assert(sent instanceof error.constructor, error.name);
    assertEquals(
      [sent.name, sent.message, sent.stack],
      [error.name, error.message, error.stack],
    );
    assertEquals(String(sent), String(error));
    const fields = (from: object) =>
      Object.entries(from).filter(([name, value]) =>
        name !== "name" && typeof value !== "object"
      ).sort();
    assertEquals(fields(sent), fields(error));
    if (error.cause !== undefined) {
      const { name, message, code } = sent.cause as typeof cause;
      assert(sent.cause instanceof RangeError);
      assertEquals([name, message, code], ["RangeError", "deep", "EDEEP"]);
    }
  }
  const { errors } = send(ERRORS[2]) as AggregateError;
  assertEquals(errors.map(String), ["Error: one", "RangeError: deep"]);
});

test("errors of the package have a code, which stays from thread to thread", () => {
  const codes = ERRORS.slice(3).map((error) =>
    (send(error) as Error & { code?: string }).code
  );
  assertEquals(codes, [
    "EADDRINUSE",
    "ERR_TLS",
    "ERR_THREAD",
    "ERR_COLLECTOR",
    "ERR_UNSUPPORTED_OPTION",
  ]);
});

test("errors of a user's own class keep their name from thread to thread", () => {
  class OwnError extends Error {
    override name = "OwnError";
    status = 403;
    /** A property that cannot be sent. */
    request = { token: "secret" };
    retry = () => {};
  }
  const sent = send(new OwnError("refused")) as Error & { status: number };
  assertEquals([String(sent), sent.status], ["OwnError: refused", 403]);
  assertEquals(Object.keys(sent).includes("request"), false);
  assertEquals(
    JSON.stringify(toSent(new OwnError("x"))).includes("secret"),
    false,
  );
});

test("what was thrown and is no error keeps its data from thread to thread", () => {
  const plain = send({ code: "E2", message: "m" }) as Error & { code: string };
  assertEquals(plain.code, "E2");
  for (const cause of ["plain", null, 1, 1n, false]) {
    assertEquals(send(new Error("e", { cause })).cause, cause);
  }
  assert(send(new ReferenceError("r")) instanceof ReferenceError);
  const many = Array.from({ length: 1000 }, (_, n) => new Error(String(n)));
  const sent = send(new AggregateError(many, "many")) as AggregateError;
  assert(sent.errors.length < 100);
});

test("whatever is thrown can be sent", () => {
  const endless = new Error("endless");
  endless.cause = endless;
  const hostile = new Error("hostile");
  Object.defineProperty(hostile, "stack", {
    get() {
      throw new Error("no stack");
    },
  });
  const odd = Object.assign(new Error("odd"), {
    ["constructor"]: 1,
    big: 1n,
    symbol: Symbol("s"),
  });
  Object.defineProperty(odd, "__proto__", { value: 7, enumerable: true });
  for (
    const [thrown, message] of [
      [endless, "endless"],
      [hostile, "hostile"],
      [odd, "odd"],
      ["text", '"text"'],
      [undefined, "undefined"],
      [null, "null"],
      [Symbol("s"), "Symbol(s)"],
      [{ message: "no error" }, "no error"],
      [{}, 'an object of class "Object"'],
      [new DOMException("aborted", "AbortError"), "aborted"],
    ] as const
  ) {
    const sent = send(thrown);
    assert(sent instanceof Error);
    assertEquals(sent.message, message);
  }
  assertEquals(send(odd) instanceof Error, true);
  assertEquals(Object.getPrototypeOf(send(odd)), Error.prototype);
  assertEquals(
    send(new DOMException("aborted", "AbortError")).name,
    "AbortError",
  );
  let depth = 0;
  for (let each: unknown = send(endless); each; depth++) {
    each = (each as Error).cause;
  }
  assert(depth < 10, `${depth} causes`);
});

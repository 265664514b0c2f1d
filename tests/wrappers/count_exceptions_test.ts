import {
  countExceptions,
  type CountExceptionsOptions,
} from "../../src/wrappers/mod.ts";
import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { runInNewContext } from "node:vm";
import { client } from "../_client.ts";
import { FakeGauge } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { testWrapper } from "./_contract.ts";

testWrapper({
  name: "countExceptions",
  wrap: countExceptions(new FakeGauge()),
  follow: (promise) => countExceptions(new FakeGauge(), promise),
  call: countExceptions,
  metric: new FakeGauge(),
});

test("countExceptions() leaves the counter alone when nothing fails", async () => {
  const metric = new FakeGauge();
  await countExceptions(metric)(() => Promise.resolve(42))();
  countExceptions(metric)(() => 42)();
  await countExceptions(metric, Promise.resolve(42));
  assertEquals(metric.value, 0);
});

test("countExceptions() counts rejections and throws", async () => {
  const metric = new FakeGauge();
  const error = new RangeError("no");
  await assertRejects(
    countExceptions(metric)(() => Promise.reject(error)),
    RangeError,
  );
  assertThrows(
    countExceptions(metric)((): void => {
      throw error;
    }),
    RangeError,
  );
  await assertRejects(
    () => countExceptions(metric, Promise.reject(error)),
    RangeError,
  );
  assertEquals(metric.value, 3);
});

/** How often it counts that each kind of function fails by a reason. */
async function countOf(
  exc: CountExceptionsOptions["exc"],
  reason: unknown,
): Promise<number> {
  const metric = new FakeGauge();
  const fail = () => Promise.reject(reason);
  const wrap = countExceptions(metric, { exc });
  const throws = (): void => {
    throw reason;
  };
  await wrap(fail)().catch(() => {});
  await countExceptions(metric, fail(), { exc }).catch(() => {});
  for (
    const fn of [
      wrap(throws),
      // deno-lint-ignore require-yield
      wrap(function* () {
        throws();
      }),
    ]
  ) {
    try {
      (fn() as Iterator<unknown> | undefined)?.next();
    } catch (error) {
      assertStrictEquals(error, reason);
    }
  }
  return metric.value;
}

test("countExceptions() counts only the classes given as exc", async () => {
  class NotFound extends RangeError {}
  assertEquals(await countOf(RangeError, new RangeError()), 4);
  assertEquals(await countOf(RangeError, new NotFound()), 4);
  assertEquals(await countOf(RangeError, new TypeError()), 0);
  assertEquals(await countOf(RangeError, "RangeError"), 0);
  assertEquals(await countOf([TypeError, NotFound], new NotFound()), 4);
  assertEquals(await countOf([TypeError, NotFound], new RangeError()), 0);
  assertEquals(await countOf([], new RangeError()), 0);
  assertEquals(await countOf(undefined, "not even an error"), 4);
});

test("countExceptions() takes the built-in errors of another realm for its own", async () => {
  const foreign = (code: string) => runInNewContext(code);
  const failed = (name: string) => {
    try {
      foreign(`throw new ${name}([], "no")`);
    } catch (error) {
      return error;
    }
  };
  const names = [
    "AggregateError",
    "EvalError",
    "RangeError",
    "ReferenceError",
    "SyntaxError",
    "TypeError",
    "URIError",
  ] as const;
  for (const name of names) {
    const type = globalThis[name] as new (given: unknown) => Error;
    const error = failed(name);
    assertEquals(error instanceof type, false);
    assertEquals(await countOf(type, error), 4, name);
    assertEquals(await countOf(Error, error), 4, name);
    // The other way round: the test's code is in that realm, the error in ours.
    assertEquals(await countOf(foreign(name), new type([])), 4, name);
    assertEquals(await countOf(foreign("Error"), new type([])), 4, name);
    const other = name === "TypeError" ? RangeError : TypeError;
    assertEquals(await countOf(other, error), 0, name);
  }
  const subclass = foreign("new class NotFound extends RangeError {}");
  assertEquals(await countOf(RangeError, subclass), 4);
  assertEquals(await countOf([SyntaxError, Error], subclass), 4);
  assertEquals(await countOf(TypeError, subclass), 0);
  assertEquals(await countOf(foreign("Error"), new DOMException("no")), 4);
});

test("countExceptions() takes only instances for errors of an application's class", async () => {
  class NotFound extends Error {}
  const foreign = runInNewContext("new class NotFound extends Error {}");
  assertEquals(await countOf(NotFound, foreign), 0);
  const Named = { TypeError: class TypeError extends Error {} }.TypeError;
  assertEquals(await countOf(Named, new globalThis.TypeError()), 0);
  assertEquals(await countOf(TypeError, new Named()), 0);
  for (
    const other of [
      { name: "TypeError", message: "no error" },
      Object.assign(new Error(), { name: "TypeError" }),
      Object.create(null),
      null,
      undefined,
      "TypeError",
      TypeError,
    ]
  ) {
    assertEquals(await countOf(TypeError, other), 0);
  }
});

test("countExceptions() refuses an exc that is no class", () => {
  const metric = new FakeGauge();
  for (const exc of [null, "RangeError", [RangeError, 42], () => true]) {
    assertThrows(
      () => countExceptions(metric, { exc: exc as never }),
      TypeError,
      "exc must be an error class or several",
    );
  }
});

test("countExceptions() refuses an array as its options", () => {
  assertThrows(
    () => countExceptions(new FakeGauge(), [RangeError] as never),
    TypeError,
    "a promise is required",
  );
});

test("countExceptions() counts into a counter and its children", async () => {
  const { Counter, Registry } = client;
  const registers = [new Registry()];
  const plain = new Counter({
    name: "errors_total",
    help: "errors",
    registers,
  });
  const labelled = new Counter({
    name: "route_errors_total",
    help: "errors",
    labelNames: ["route"],
    registers,
  });
  const fail = () => Promise.reject(new Error("no"));
  await countExceptions(plain)(fail)().catch(() => {});
  await countExceptions(labelled.labels("/"))(fail)().catch(() => {});
  assertEquals((await plain.get()).values[0].value, 1);
  const [{ labels, value }] = (await labelled.get()).values;
  assertEquals({ ...labels, value }, { route: "/", value: 1 });
});

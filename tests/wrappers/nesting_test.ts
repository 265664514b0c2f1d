import {
  countExceptions,
  time,
  trackInprogress,
} from "../../src/wrappers/mod.ts";
import type { AnyFunction, Wrapper } from "../../src/wrappers/mod.ts";
import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { test } from "../_suite.ts";
import { type Events, withEvents } from "./_events.ts";

/** Counts the turns of the microtask queue until a promise settles. */
async function turnsUntilSettled(promise: Promise<unknown>): Promise<number> {
  let isSettled = false;
  const settle = () => void (isSettled = true);
  promise.then(settle, settle);
  let turns = 0;
  while (!isSettled) {
    turns++;
    await null;
  }
  return turns;
}

/** Makes wrappers that note their names when a call begins and ends. */
function noting() {
  const notes: string[] = [];
  const wrapper = (name: string): Wrapper =>
    trackInprogress({
      inc: () => void notes.push(`+${name}`),
      dec: () => void notes.push(`-${name}`),
    });
  return { notes, wrapper };
}

const noop = { observe() {}, inc() {}, dec() {} };

test("wrappers around one function cost the turns of one promise", async () => {
  const fulfil = () => Promise.resolve(42);
  const reject = () => Promise.reject(new Error("no"));
  const stack = (fn: () => Promise<unknown>) =>
    time(noop)(countExceptions(noop)(trackInprogress(noop)(fn)));
  for (const fn of [fulfil, reject]) {
    assertEquals(
      await turnsUntilSettled(stack(fn)()),
      await turnsUntilSettled(time(noop)(fn)()),
    );
  }
});

test("wrappers around one function begin outside in and end inside out", async () => {
  for (const fn of [() => 42, () => Promise.resolve(42)]) {
    const { notes, wrapper } = noting();
    const names = ["a", "b", "c", "d", "e", "f", "g"];
    const wrapped = names.reduceRight<AnyFunction>(
      (inner, name) => wrapper(name)(inner),
      fn,
    );
    assertEquals(await wrapped(), 42);
    const ends = names.toReversed().map((name) => `-${name}`);
    assertEquals(notes, [...names.map((name) => `+${name}`), ...ends]);
  }
});

test("wrappers leave the wrapper that they are put around as it is", async () => {
  const { notes, wrapper } = noting();
  const inner = wrapper("inner")(() => Promise.resolve(42));
  const outer = wrapper("outer")(inner);
  await inner();
  assertEquals(notes, ["+inner", "-inner"]);
  await outer();
  assertEquals(notes.slice(2), ["+outer", "+inner", "-inner", "-outer"]);
});

test("wrappers keep the properties of the wrapper inside", () => {
  const { wrap } = withEvents();
  const inner = Object.assign(wrap((n: number) => n), { route: "/" });
  Object.defineProperty(inner, "name", { value: "renamed" });
  const outer = time(noop)(inner);
  assertEquals(outer.route, "/");
  assertEquals(outer.name, "renamed");
});

test("wrappers work above and below wrappers of others", async () => {
  // deno-lint-ignore no-explicit-any
  type Method = (this: any, a: number, b: number) => Promise<number>;
  let logged = 0;
  const log = (fn: Method): Method => {
    const method: Method = function (a, b) {
      logged++;
      return Reflect.apply(fn, this, [a, b]);
    };
    return Object.defineProperty(method, "name", { value: fn.name });
  };
  const object = {
    factor: 2,
    async times(a: number, b: number) {
      await Promise.resolve();
      return this.factor * a * b;
    },
  };
  const once = ["up", "down", "observe"];
  const twice = ["up", "up", "down", "observe", "down", "observe"];
  const arrangements: [(wrap: Events["wrap"]) => Method, string[]][] = [
    [(wrap) => wrap(log(object.times)), once],
    [(wrap) => log(wrap(object.times)), once],
    [(wrap) => wrap(log(wrap(object.times))), twice],
    [(wrap) => log(wrap(wrap(object.times))), twice],
  ];
  for (const [decorate, expected] of arrangements) {
    const { events, wrap } = withEvents();
    const times = decorate(wrap);
    assertEquals([times.name, times.length], ["times", 2]);
    logged = 0;
    assertEquals(await times.call(object, 3, 4), 24);
    assertEquals(logged, 1);
    assertEquals<string[]>(events, expected);
  }
});

test("wrappers around one function pass its errors on", async () => {
  const { events, wrap } = withEvents();
  const reason = new RangeError("no");
  const fail = (): never => {
    throw reason;
  };
  assertStrictEquals(assertThrows(wrap(fail), RangeError), reason);
  assertStrictEquals(
    await assertRejects(wrap(() => Promise.reject(reason)), RangeError),
    reason,
  );
  const failed = ["up", "down", "inc", "observe"];
  assertEquals<string[]>(events, [...failed, ...failed]);
});

test("wrappers can be used again, also as callbacks of collections", () => {
  const { notes, wrapper } = noting();
  const wrap = wrapper("a") as (...args: unknown[]) => () => number;
  const [one, two] = [() => 1, () => 2].map(wrap);
  assertEquals([one(), two()], [1, 2]);
  assertEquals(notes, ["+a", "-a", "+a", "-a"]);
  const named = { three: () => 3 };
  assertEquals(wrap(named.three, "three", named)(), 3);
});

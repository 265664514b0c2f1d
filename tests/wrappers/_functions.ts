/** The properties of functions that a wrapper keeps. */
import {
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { test } from "../_suite.ts";
import type { WrapperUnderTest } from "./_wrapper.ts";

/** Declares the tests of how a wrapped function resembles its original. */
export function testFunctions(wrapper: WrapperUnderTest): void {
  const { name, wrap } = wrapper;

  test(`${name}() wraps a method, which keeps its this`, async () => {
    class Greeter {
      #name: string;
      constructor(name: string) {
        this.#name = name;
      }
      async greet(greeting: string): Promise<string> {
        await Promise.resolve();
        return `${greeting} ${this.#name}`;
      }
      say(greeting: string): string {
        return `${greeting} ${this.#name}`;
      }
    }
    Greeter.prototype.greet = wrap(Greeter.prototype.greet);
    Greeter.prototype.say = wrap(Greeter.prototype.say);
    const greeter = new Greeter("Ada");
    assertEquals(await greeter.greet("Hello"), "Hello Ada");
    assertEquals(greeter.say("Hello"), "Hello Ada");
  });

  test(`${name}() keeps name, length and own properties`, () => {
    const fn = Object.assign(function work(_a: number, _b: number) {}, {
      route: "/work",
    });
    const wrapped = wrap(fn);
    assertEquals(wrapped.name, "work");
    assertEquals(wrapped.length, 2);
    assertEquals(wrapped.route, "/work");
  });

  test(`${name}() keeps the kind of a function recognisable`, () => {
    const kind = (fn: () => unknown) => [
      Object.prototype.toString.call(fn),
      fn.constructor.name,
    ];
    for (
      const fn of [
        () => {},
        async () => {},
        function* () {},
        async function* () {},
      ]
    ) {
      assertEquals(kind(wrap(fn)), kind(fn));
    }
    assertEquals(kind(wrap(async () => {}))[0], "[object AsyncFunction]");
  });

  test(`${name}() wraps a method whose name is class`, () => {
    const { class: method } = {
      class(n: number) {
        return n;
      },
    };
    assertEquals(wrap(method)(42), 42);
  });

  test(`${name}() passes on functions that only look like generator functions`, async () => {
    function* generator() {
      yield 1;
    }
    const apply = (result: unknown) =>
      wrap(new Proxy(generator, { apply: () => result as never }));
    const frozen = Object.freeze([1]);
    const iterator = { next: () => ({ done: true, value: 42 }) };
    async function* later() {}
    for (const value of [undefined, 42, frozen, iterator, later()]) {
      assertStrictEquals<unknown>(apply(value)(), value);
    }
    assertEquals<unknown>(await apply(Promise.resolve(42))(), 42);
    const shared = generator();
    assertEquals([...apply(shared)()], [1]);
  });

  test(`${name}() keeps whether a function can be called with new`, () => {
    // deno-lint-ignore no-explicit-any
    const construct = (fn: any) => new fn();
    const { method } = { method() {} };
    for (const fn of [() => {}, async () => {}, method, function* () {}]) {
      assertThrows(() => construct(wrap(fn)), TypeError);
      assertEquals(
        Object.hasOwn(wrap(fn), "prototype"),
        Object.hasOwn(fn, "prototype"),
      );
    }
  });

  test(`${name}() wraps an old-style function, which has arguments and caller`, () => {
    const old = new Function("a", "return a * arguments.length");
    assertEquals(wrap(old as (a: number) => number)(42), 42);
  });

  test(`${name}() wraps functions with a prototype of any kind`, () => {
    const prototype = { a: 1 };
    const assigned = Object.assign(() => 42, { prototype });
    const fixed = Object.defineProperty(function () {}, "prototype", {
      value: prototype,
      writable: false,
    });
    const computed = Object.defineProperty(() => 42, "prototype", {
      get: () => prototype,
    }) as (() => number) & { prototype: unknown };
    assertEquals(wrap(assigned)(), 42);
    assertStrictEquals(wrap(assigned).prototype, prototype);
    assertStrictEquals(wrap(fixed).prototype, prototype);
    assertEquals(wrap(computed)(), 42);
  });

  test(`${name}() keeps a constructor function's prototype`, () => {
    // deno-lint-ignore no-explicit-any
    const Point = function (this: any, x: number) {
      this.x = x;
      // deno-lint-ignore no-explicit-any
    } as any;
    const Wrapped = wrap(Point) as typeof Point;
    const point = new Wrapped(1);
    assertInstanceOf(point, Point);
    assertEquals((point as { x: number }).x, 1);
  });

  test(`${name}() wraps a frozen function, and a frozen wrapper`, async () => {
    const fn = Object.freeze(async (n: number) => await n);
    assertEquals(await wrap(Object.freeze(wrap(fn)))(42), 42);
  });
}

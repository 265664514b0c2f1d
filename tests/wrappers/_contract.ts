import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { capturedErrors } from "../_fakes.ts";
import { test } from "../_suite.ts";

/** What the three wrappers have in common. */
export interface WrapperUnderTest {
  name: string;
  /** Wraps a function with a metric that works. */
  wrap: <F extends (...args: never[]) => unknown>(fn: F) => F;
  /** Measures a promise with a metric that works. */
  follow: <T>(promise: PromiseLike<T>) => Promise<T>;
  /** Wraps a function with a metric that throws whatever is asked of it. */
  wrapBroken: <F extends (...args: never[]) => unknown>(
    fn: F,
    error: Error,
  ) => F;
  /** The wrapper as JavaScript may call it, with anything. */
  // deno-lint-ignore no-explicit-any
  call: (...args: any[]) => any;
  /** A metric that works. */
  metric: unknown;
}

/** Declares the tests that each wrapper passes. */
export function testWrapper(wrapper: WrapperUnderTest): void {
  const { name, wrap, follow, wrapBroken, call, metric } = wrapper;

  test(`${name}() passes a value through untouched`, async () => {
    const value = { a: 1 };
    assertStrictEquals(wrap(() => value)(), value);
    assertStrictEquals(await wrap(() => Promise.resolve(value))(), value);
    assertStrictEquals(await follow(Promise.resolve(value)), value);
  });

  test(`${name}() passes an error through untouched`, async () => {
    const error = new RangeError("no");
    const throwing = (): never => {
      throw error;
    };
    assertStrictEquals(assertThrows(wrap(throwing), RangeError), error);
    for (
      const promise of [
        wrap(() => Promise.reject(error))(),
        wrap(async () => await throwing())(),
        follow(Promise.reject(error)),
      ]
    ) {
      assertStrictEquals(await assertRejects(() => promise, RangeError), error);
    }
  });

  test(`${name}() passes on what is thrown when it is not an error`, async () => {
    const reasons = await Promise.all(
      [undefined, null, "no", 0].map((reason) =>
        follow(Promise.reject(reason)).catch((caught) => [caught, reason])
      ),
    );
    for (const [caught, reason] of reasons as unknown[][]) {
      assertStrictEquals(caught, reason);
    }
  });

  test(`${name}() keeps a synchronous function synchronous`, () => {
    assertEquals(wrap((a: number, b: number) => a + b)(1, 2), 3);
  });

  test(`${name}() returns a native promise where a thenable comes back`, async () => {
    const thenable: PromiseLike<number> = {
      then: (onFulfilled) => Promise.resolve(42).then(onFulfilled),
    };
    const promise = wrap(() => thenable)();
    assertInstanceOf(promise, Promise);
    assertEquals(await promise, 42);
    assertEquals(await follow(thenable), 42);
  });

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

  test(`${name}() keeps an async function recognisable as one`, () => {
    const kind = (fn: unknown) => Object.prototype.toString.call(fn);
    assertEquals(kind(wrap(async () => {})), "[object AsyncFunction]");
    assertEquals(kind(wrap(() => {})), "[object Function]");
  });

  test(`${name}() leaves the outcome alone when the metric throws`, async () => {
    const broken = new Error("broken metric");
    const calls = await capturedErrors(async () => {
      const sync = wrapBroken((n: number) => n * 2, broken);
      assertEquals(sync(21), 42);
      assertEquals(sync(21), 42);
      const error = new RangeError("no");
      const failing = wrapBroken(() => Promise.reject(error), broken);
      assertStrictEquals(await assertRejects(failing, RangeError), error);
    });
    // Once for each wrapper that met the error; counting wrappers meet it only
    // where something failed.
    assert(calls.length >= 1 && calls.length <= 2);
    for (const [, error] of calls) assertStrictEquals(error, broken);
  });

  test(`${name}() refuses a metric that lacks a method`, () => {
    for (const wrong of [undefined, null, {}, 42, () => {}]) {
      const error = assertThrows(() => call(wrong), TypeError);
      assert(error.message.startsWith(`Cannot use ${name}(): the metric must`));
    }
  });

  test(`${name}() refuses to wrap what is no plain function`, () => {
    class Model {}
    const refused: [unknown, string][] = [
      [undefined, "undefined"],
      [42, "42"],
      [Model, 'class "Model"'],
      [class {}, "an unnamed class"],
      [function* rows() {}, 'generator function "rows"'],
      [async function* pages() {}, 'generator function "pages"'],
      [{}, 'an object of class "Object"'],
    ];
    for (const [value, received] of refused) {
      const error = assertThrows(() => call(metric)(value), TypeError);
      assert(error.message.endsWith(`received ${received}`), error.message);
    }
  });

  test(`${name}() refuses a second argument that is neither promise nor options`, () => {
    for (const wrong of [undefined, null, 42, "promise", async () => {}]) {
      assertThrows(
        () => call(metric, wrong),
        TypeError,
        "a promise is required",
      );
    }
  });

  test(`${name}() reports a metric that throws once, however many promises`, async () => {
    const broken = new Error("broken metric");
    const fail = () => {
      throw broken;
    };
    const metric = { observe: fail, inc: fail, dec: fail };
    const calls = await capturedErrors(async () => {
      for (let n = 0; n < 5; n++) {
        const reason = new RangeError("no");
        const promise = call(metric, Promise.reject(reason));
        assertStrictEquals(
          await assertRejects(() => promise, RangeError),
          reason,
        );
      }
    });
    assertEquals(calls.map(([, error]) => error), [broken]);
  });

  test(`${name}() wraps a method whose name is class`, () => {
    const { class: method } = {
      class(n: number) {
        return n;
      },
    };
    assertEquals(wrap(method)(42), 42);
  });

  test(`${name}() returns a value whose then cannot be read`, () => {
    const value = {
      get then() {
        throw new Error("not for you");
      },
    };
    assertStrictEquals(wrap(() => value)(), value);
  });

  test(`${name}() returns a native promise for a promise of a subclass`, async () => {
    class Task<T> extends Promise<T> {}
    const promise = wrap(() => Task.resolve(42))();
    assertStrictEquals(promise.constructor, Promise);
    assertEquals(await promise, 42);
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

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
  /** The wrapper as JavaScript may call it, with anything. */
  // deno-lint-ignore no-explicit-any
  call: (...args: any[]) => any;
  /** A metric that works. */
  metric: unknown;
}

/** A metric that throws whatever is asked of it. */
function brokenMetric(error: Error) {
  const fail = () => {
    throw error;
  };
  return { observe: fail, inc: fail, dec: fail };
}

/** Declares the tests that each wrapper passes. */
export function testWrapper(wrapper: WrapperUnderTest): void {
  const { name, wrap, follow, call, metric } = wrapper;

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
    const thenable = {
      then: (onFulfilled: (value: number) => void) => void onFulfilled(42),
    } as unknown as PromiseLike<number>;
    const promise = wrap(() => thenable)();
    assertInstanceOf(promise, Promise);
    assertEquals(await promise, 42);
    assertEquals(await follow(thenable), 42);
  });

  test(`${name}() starts a lazy thenable exactly once`, async () => {
    const lazy = () => {
      const query = {
        reads: 0,
        starts: 0,
        get then() {
          query.reads++;
          return (onFulfilled: (value: string) => void) => {
            query.starts++;
            queueMicrotask(() => onFulfilled("rows"));
          };
        },
      };
      return query as typeof query & PromiseLike<string>;
    };
    const [called, given] = [lazy(), lazy()];
    assertEquals(await wrap(() => called)(), "rows");
    assertEquals(await follow(given), "rows");
    for (const { reads, starts } of [called, given]) {
      assertEquals({ reads, starts }, { reads: 1, starts: 1 });
    }
  });

  test(`${name}() passes on what a thenable fails with`, async () => {
    const reason = new RangeError("no");
    const rejecting = {
      then: (_: unknown, onRejected: (reason: unknown) => void) =>
        onRejected(reason),
    } as unknown as PromiseLike<never>;
    const throwing = {
      then: () => {
        throw reason;
      },
    } as PromiseLike<never>;
    for (const thenable of [rejecting, throwing]) {
      for (
        const promise of [wrap(() => thenable)(), follow(thenable)]
      ) {
        const error = await assertRejects(() => promise, RangeError);
        assertStrictEquals(error, reason);
      }
    }
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

  test(`${name}() leaves the outcome alone when the metric throws, and reports it once`, async () => {
    const broken = new Error("broken metric");
    const calls = await capturedErrors(async () => {
      const wrapBroken = call(brokenMetric(broken));
      const sync = wrapBroken((n: number) => n * 2);
      assertEquals(sync(21), 42);
      const error = new RangeError("no");
      const failing = wrapBroken(() => Promise.reject(error));
      const throwing = wrapBroken(() => {
        throw error;
      });
      for (let n = 0; n < 3; n++) {
        assertStrictEquals(await assertRejects(failing, RangeError), error);
        assertStrictEquals(assertThrows(throwing, RangeError), error);
      }
    });
    assertEquals(calls.map(([, error]) => error), [broken]);
    assertEquals(
      calls[0][0],
      `Cannot measure with ${name}(), further errors are not shown:`,
    );
  });

  test(`${name}() leaves the outcome alone when the console throws, too`, async () => {
    const reason = new RangeError("no");
    const { error } = console;
    console.error = () => {
      throw new Error("no console in tests");
    };
    try {
      const fail = () => Promise.reject(reason);
      const failing = call(brokenMetric(new Error("broken")))(fail);
      assertStrictEquals(await assertRejects(failing, RangeError), reason);
    } finally {
      console.error = error;
    }
  });

  test(`${name}() refuses a metric that lacks a method`, () => {
    for (const wrong of [undefined, null, {}, 42, () => {}]) {
      const error = assertThrows(() => call(wrong), TypeError);
      assert(error.message.startsWith(`Cannot use ${name}(): the metric must`));
    }
    const error = assertThrows(() => call(() => {}, {}), TypeError);
    assert(error.message.endsWith(`call ${name}(metric)`), error.message);
  });

  test(`${name}() refuses to wrap what is no plain function`, () => {
    class Model {}
    const refused: [unknown, string][] = [
      [undefined, "undefined"],
      [42, "42"],
      [Model, 'class "Model"'],
      [class {}, "an unnamed class"],
      [
        Object.defineProperty(class {}, "name", { value: Symbol("no") }),
        "an unnamed class",
      ],
      [new Proxy(Model, {}), 'class "Model"'],
      [Map, 'class "Map"'],
      [URL, 'class "URL"'],
      [{}, 'an object of class "Object"'],
      ["x".repeat(100), `"${"x".repeat(60)}…"`],
      [
        Promise.resolve(),
        'an object of class "Promise"; ' +
        `to measure a promise, call ${name}(metric, promise)`,
      ],
    ];
    for (const [value, received] of refused) {
      const error = assertThrows(() => call(metric)(value), TypeError);
      assert(error.message.endsWith(`received ${received}`), error.message);
    }
  });

  test(`${name}() refuses a second argument that is neither promise nor options`, () => {
    const wrong = [
      undefined,
      null,
      42,
      "promise",
      async () => {},
      [],
      new Map(),
    ];
    for (const second of wrong) {
      assertThrows(
        () => call(metric, second),
        TypeError,
        "a promise is required, or an object of options",
      );
    }
    for (const third of [null, 42, RangeError, [RangeError]]) {
      assertThrows(
        () => call(metric, Promise.resolve(), third),
        TypeError,
        "options must be an object",
      );
    }
  });

  test(`${name}() refuses options that are not what they must be`, () => {
    const wrong = [{ onError: "console" }, { labels: "a" }, { labels: [] }];
    for (const options of wrong) {
      assertThrows(() => call(metric, options), TypeError);
      assertThrows(
        () => call(metric, Promise.resolve(), options),
        TypeError,
      );
    }
  });

  test(`${name}() leaves options alone that change later`, async () => {
    const errors: unknown[] = [];
    const options: { onError?: (error: unknown) => void } = {
      onError: (error) => errors.push(error),
    };
    const broken = new Error("broken metric");
    const fn = call(brokenMetric(broken), options)(() =>
      Promise.reject(new RangeError("no"))
    );
    delete options.onError;
    await assertRejects(fn, RangeError);
    assertStrictEquals(errors[0], broken);
  });

  test(`${name}() gives onError each error of a metric that throws`, async () => {
    const broken = new Error("broken metric");
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const reason = new RangeError("no");
    const reject = () => Promise.reject(reason);
    const calls = await capturedErrors(async () => {
      const fn = call(brokenMetric(broken), { onError })(reject);
      for (let n = 0; n < 3; n++) {
        assertStrictEquals(await assertRejects(fn, RangeError), reason);
      }
      assertEquals(errors.length, 3);
      await assertRejects(
        () => call(brokenMetric(broken), reject(), { onError }),
        RangeError,
      );
    });
    assertEquals(calls, []);
    assertEquals(errors, [broken, broken, broken, broken]);
  });

  test(`${name}() survives an onError that throws or rejects`, async () => {
    const failure = new Error("broken onError");
    const metric = brokenMetric(new Error("broken metric"));
    const reason = new RangeError("no");
    for (
      const onError of [
        () => {
          throw failure;
        },
        () => Promise.reject(failure),
      ]
    ) {
      const calls = await capturedErrors(async () => {
        const fn = call(metric, { onError })(() => Promise.reject(reason));
        for (let n = 0; n < 3; n++) {
          assertStrictEquals(await assertRejects(fn, RangeError), reason);
        }
      });
      assertEquals(calls.map(([, error]) => error), [failure]);
    }
  });

  test(`${name}() reports a metric whose methods reject`, async () => {
    const broken = new Error("broken metric");
    const fail = () => Promise.reject(broken);
    const metric = { observe: fail, inc: fail, dec: fail };
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const reason = new RangeError("no");
    const fn = call(metric, { onError })(() => Promise.reject(reason));
    assertStrictEquals(await assertRejects(fn, RangeError), reason);
    await Promise.resolve();
    assert(errors.length >= 1);
    for (const error of errors) assertStrictEquals(error, broken);
  });

  test(`${name}() reports a metric that throws once, however many promises`, async () => {
    const broken = new Error("broken metric");
    const metric = brokenMetric(broken);
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

  test(`${name}() returns a native promise for what only looks like one`, async () => {
    const proxied = new Proxy(Promise.resolve(42), {});
    await assertRejects(() => wrap(() => proxied)(), TypeError);
    const withOwnThen = Object.assign(Promise.resolve(0), {
      then: (onFulfilled: (value: number) => void) => onFulfilled(42),
    }) as unknown as Promise<number>;
    const inheriting = Object.create(Promise.prototype, {
      then: { value: (resolve: (value: number) => void) => resolve(42) },
    }) as Promise<number>;
    const unreadable = new Proxy(Promise.resolve(42), {
      get(target, key) {
        if (key !== "then") throw new Error("not for you");
        return target.then.bind(target);
      },
    });
    for (const promise of [withOwnThen, inheriting, unreadable]) {
      const returned = wrap(() => promise)();
      assertInstanceOf(returned, Promise);
      assertEquals(await returned, 42);
      assertEquals(await follow(promise), 42);
    }
  });

  test(`${name}() passes on what only looks like a generator function`, async () => {
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

  test(`${name}() keeps what can and what cannot be called with new`, () => {
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

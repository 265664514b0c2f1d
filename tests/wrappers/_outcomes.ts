/** The values, promises and thenables that a wrapper passes on. */
import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { test } from "../_suite.ts";
import type { WrapperUnderTest } from "./_wrapper.ts";

/** Declares the tests of the results that a wrapper passes on. */
export function testOutcomes(wrapper: WrapperUnderTest): void {
  const { name, wrap, follow } = wrapper;

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

  test(`${name}() passes on thrown values that are no errors`, async () => {
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

  test(`${name}() passes on the reason of a thenable that fails`, async () => {
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

  test(`${name}() returns a native promise for one that only looks native`, async () => {
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
}

/** Wrappers of metrics that fail. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { capturedErrors } from "../_fakes.ts";
import { test } from "../_suite.ts";
import type { WrapperUnderTest } from "./_wrapper.ts";

/** A metric whose methods all throw. */
function brokenMetric(error: Error) {
  const fail = () => {
    throw error;
  };
  return { observe: fail, inc: fail, dec: fail };
}

/** Declares the tests of a wrapper whose metric fails. */
export function testBrokenMetrics(wrapper: WrapperUnderTest): void {
  const { name, call } = wrapper;

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

  test(`${name}() leaves the outcome alone even when the console throws`, async () => {
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
}

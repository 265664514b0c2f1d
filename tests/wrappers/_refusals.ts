/** Uses that a wrapper refuses. */
import { assert, assertThrows } from "@std/assert";
import { test } from "../_suite.ts";
import type { WrapperUnderTest } from "./_wrapper.ts";

/** Declares the tests of the arguments that a wrapper refuses. */
export function testRefusals(wrapper: WrapperUnderTest): void {
  const { name, call, metric } = wrapper;

  test(`${name}() refuses a metric that lacks a method`, () => {
    for (const wrong of [undefined, null, {}, 42, () => {}]) {
      const error = assertThrows(() => call(wrong), TypeError);
      assert(error.message.startsWith(`Cannot use ${name}(): the metric must`));
    }
    const error = assertThrows(() => call(() => {}, {}), TypeError);
    assert(error.message.endsWith(`call ${name}(metric)`), error.message);
  });

  test(`${name}() wraps nothing but plain functions`, () => {
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

  test(`${name}() refuses invalid options`, () => {
    const wrong = [{ onError: "console" }, { labels: "a" }, { labels: [] }];
    for (const options of wrong) {
      assertThrows(() => call(metric, options), TypeError);
      assertThrows(
        () => call(metric, Promise.resolve(), options),
        TypeError,
      );
    }
  });

  test(`${name}() refuses options that it does not know`, () => {
    for (
      const [options, received] of [
        [{ label: {} }, "label"],
        [{ onerror: undefined }, "onerror for onError"],
        [{ buckets: [1] }, "buckets"],
      ] as const
    ) {
      for (const given of [[options], [Promise.resolve(), options]]) {
        const error = assertThrows(() => call(metric, ...given), TypeError);
        assert(
          error.message.startsWith(
            `Cannot use ${name}(): options must have no properties but `,
          ) && error.message.endsWith(`onError, received ${received}`),
          error.message,
        );
      }
    }
  });
}

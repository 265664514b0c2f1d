import { runtimeName } from "../../src/runtime/detect.ts";
import { trackInprogress, type Wrapper } from "../../src/wrappers/mod.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { cannotDecorate, DECORATOR_KINDS, importFixture } from "../_compile.ts";
import type * as both from "../fixtures/decorated.ts";
import type * as withPrivate from "../fixtures/decorated_private.ts";
import type * as tc39 from "../fixtures/decorated_tc39.ts";
import { FakeGauge } from "../_fakes.ts";
import { test } from "../_suite.ts";

type Refused = Record<string, (wrap: Wrapper) => unknown>;

/** The updates of a gauge by a number of calls, one after the other. */
const steps = (calls: number) => Array(calls).fill(["inc", "dec"]).flat();

for (const kind of DECORATOR_KINDS) {
  const skip = cannotDecorate(kind);

  test(`wrappers decorate methods, static and of an instance (${kind})`, {
    skip,
  }, async () => {
    const { makeDecorated } = await importFixture<typeof both>(
      "decorated.ts",
      kind,
    );
    const metric = new FakeGauge();
    const Greeter = makeDecorated(trackInprogress(metric));
    const greeter = new Greeter("Ada");
    assertEquals(await greeter.greet("Hello"), "Hello Ada");
    assertEquals(greeter.shout("Hello"), "Hello Ada!");
    assertEquals([...greeter.letters()], ["A", "d", "a"]);
    const letters = [];
    for await (const letter of greeter.lettersLater()) letters.push(letter);
    assertEquals(letters, ["A", "d", "a"]);
    assertEquals(Greeter.count(3), [0, 2, 4]);
    assertEquals(metric.steps, steps(5));
    assertEquals(greeter.greet.name, "greet");
    assertEquals(Object.keys(greeter), ["name"]);
  });

  test(
    `wrappers decorate nothing but methods, and name what they refuse (${kind})`,
    {
      skip,
    },
    async () => {
      const { refused } = await importFixture<{ refused: Refused }>(
        kind === "legacy" ? "refused_legacy.js" : "decorated_tc39.ts",
        kind,
      );
      assertEquals(Object.keys(refused).length, 5);
      for (const [received, decorate] of Object.entries(refused)) {
        assertThrows(
          () => decorate(trackInprogress(new FakeGauge())),
          TypeError,
          `received ${received}`,
        );
      }
    },
  );

  if (kind === "legacy") continue;

  test(
    `wrappers decorate a private method, and fields with functions (${kind})`,
    {
      skip,
    },
    async () => {
      const { makeDecoratedTc39 } = await importFixture<typeof tc39>(
        "decorated_tc39.ts",
        kind,
      );
      const metric = new FakeGauge();
      const Calculator = makeDecoratedTc39(trackInprogress(metric));
      const calculator = new Calculator(10);
      assertEquals(await calculator.secret(), 10);
      assertEquals(calculator.times(4), 40);
      assertEquals(await calculator.timesLater(4), 40);
      assertEquals(Calculator.twice(4), 8);
      assertEquals(metric.steps, steps(4));
    },
  );

  test(`wrappers decorate private methods that take arguments (${kind})`, {
    skip: skip ??
      (kind === "native" && runtimeName() === "deno"
        ? "Deno 2.9 compiles them to getters with parameters, which do not parse"
        : undefined),
  }, async () => {
    const { makeDecoratedPrivate } = await importFixture<typeof withPrivate>(
      "decorated_private.ts",
      kind,
    );
    const metric = new FakeGauge();
    const Calculator = makeDecoratedPrivate(trackInprogress(metric));
    const calculator = new Calculator(10);
    assertEquals(await calculator.times(4), 40);
    assertEquals(calculator.plus(4), 14);
    assertEquals(Calculator.thrice(4), 12);
    assertEquals(metric.steps, steps(3));
  });
}

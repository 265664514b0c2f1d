import { time } from "../../src/wrappers/mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeObserver, withCountedClock } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { withEvents } from "./_events.ts";

const WELL = ["up", "down", "observe"];
const FAILED = ["up", "down", "inc", "observe"];

function* count(to: number): Generator<number, string, string | undefined> {
  let received = "";
  for (let n = 0; n < to; n++) received += yield n;
  return received;
}

async function* countLater(
  to: number,
): AsyncGenerator<number, string, string | undefined> {
  let received = "";
  for (let n = 0; n < to; n++) received += yield await Promise.resolve(n);
  return received;
}

test("wrappers measure a generator that is finished", () => {
  const { events, wrap } = withEvents();
  const numbers = wrap(count)(3);
  assertEquals(events, []);
  assertEquals(numbers.next(), { done: false, value: 0 });
  assertEquals(events, ["up"]);
  assertEquals([...numbers], [1, 2]);
  assertEquals(events, WELL);
  assertEquals(numbers.next().done, true);
  assertEquals(events, WELL);
});

test("wrappers measure an async generator that is finished", async () => {
  const { events, wrap } = withEvents();
  const numbers = wrap(countLater)(3);
  assertEquals(events, []);
  assertEquals(await numbers.next(), { done: false, value: 0 });
  assertEquals(events, ["up"]);
  const rest = [];
  for await (const n of numbers) rest.push(n);
  assertEquals(rest, [1, 2]);
  assertEquals(events, WELL);
  assertEquals((await numbers.next()).done, true);
  assertEquals(events, WELL);
});

test("wrappers pass on the values sent to a generator and its result", async () => {
  const { wrap } = withEvents();
  const numbers = wrap(count)(2);
  numbers.next();
  numbers.next("a");
  assertEquals(numbers.next("b"), { done: true, value: "ab" });
  const later = wrap(countLater)(2);
  await later.next();
  await later.next("a");
  assertEquals(await later.next("b"), { done: true, value: "ab" });
});

test("wrappers measure a generator that a loop breaks out of", async () => {
  const sync = withEvents();
  for (const _ of sync.wrap(count)(3)) break;
  assertEquals(sync.events, WELL);
  const async = withEvents();
  for await (const _ of async.wrap(countLater)(3)) break;
  assertEquals(async.events, WELL);
});

test("wrappers measure a generator that is closed by return()", async () => {
  const sync = withEvents();
  const numbers = sync.wrap(count)(3);
  numbers.next();
  assertEquals(numbers.return("closed"), { done: true, value: "closed" });
  assertEquals(sync.events, WELL);
  const async = withEvents();
  const later = async.wrap(countLater)(3);
  await later.next();
  assertEquals(await later.return("closed"), { done: true, value: "closed" });
  assertEquals(async.events, WELL);
});

test("wrappers measure a generator that throw() ends", async () => {
  const reason = new RangeError("no");
  const sync = withEvents();
  const numbers = sync.wrap(count)(3);
  numbers.next();
  const thrown = assertThrows(() => numbers.throw(reason), RangeError);
  assertStrictEquals(thrown, reason);
  assertEquals(sync.events, FAILED);
  const async = withEvents();
  const later = async.wrap(countLater)(3);
  await later.next();
  const rejected = await assertRejects(() => later.throw(reason), RangeError);
  assertStrictEquals(rejected, reason);
  assertEquals(async.events, FAILED);
});

test("wrappers go on measuring a generator that survives throw() and return()", () => {
  const { events, wrap } = withEvents();
  const stubborn = wrap(function* () {
    try {
      yield 1;
    } catch {
      yield 2;
    }
    try {
      yield 3;
    } finally {
      yield 4;
    }
  })();
  stubborn.next();
  assertEquals(stubborn.throw(new Error("no")).value, 2);
  assertEquals(stubborn.next().value, 3);
  assertEquals(stubborn.return(undefined as never).value, 4);
  assertEquals(events, ["up"]);
  assertEquals(stubborn.next().done, true);
  assertEquals(events, WELL);
});

test("wrappers measure a generator that throws", async () => {
  const reason = new RangeError("no");
  const sync = withEvents();
  const failing = sync.wrap(function* () {
    yield 1;
    throw reason;
  });
  assertStrictEquals(assertThrows(() => [...failing()], RangeError), reason);
  assertEquals(sync.events, FAILED);
  const async = withEvents();
  const failingLater = async.wrap(async function* () {
    yield await Promise.resolve(1);
    throw reason;
  });
  const consume = async () => {
    for await (const _ of failingLater());
  };
  assertStrictEquals(await assertRejects(consume, RangeError), reason);
  assertEquals(async.events, FAILED);
});

test("wrappers do not measure a generator that is never started", async () => {
  const { events, wrap } = withEvents();
  wrap(count)(3);
  assertEquals(wrap(count)(3).return("closed").done, true);
  const closed = wrap(count)(3);
  assertThrows(() => closed.throw(new RangeError("no")), RangeError);
  assertEquals(closed.next().done, true);
  await wrap(countLater)(3).return("closed");
  const failed = wrap(countLater)(3).throw(new RangeError("no"));
  await assertRejects(() => failed, RangeError);
  assertEquals(events, []);
});

test("wrappers do not measure a generator whose arguments cannot be read", () => {
  const { events, wrap } = withEvents();
  const fail = (): number => {
    throw new RangeError("no");
  };
  // deno-lint-ignore require-yield
  const generator = wrap(function* (n: number = fail()) {
    return n;
  });
  assertThrows(() => generator(), RangeError);
  assertEquals(events, []);
});

test("wrappers leave a generator that advances itself to its own error", () => {
  const { events, wrap } = withEvents();
  const itself = wrap(function* (): Generator<unknown> {
    yield assertThrows(() => itself.next(), TypeError);
    yield 2;
  })();
  assertInstanceOf(itself.next().value, TypeError);
  assertEquals(itself.next().value, 2);
  assertEquals(events, ["up"]);
  itself.next();
  assertEquals(events, WELL);
});

test("wrappers measure an async generator once when its steps are requested together", async () => {
  const { events, wrap } = withEvents();
  const later = wrap(countLater)(2);
  const steps = await Promise.all([1, 2, 3, 4, 5].map(() => later.next()));
  assertEquals(steps.map(({ done }) => done), [false, false, true, true, true]);
  assertEquals(events, WELL);
});

test("wrappers return generators of the same kind", async () => {
  const { wrap } = withEvents();
  const [numbers, later] = [wrap(count)(1), wrap(countLater)(1)];
  assert(numbers instanceof (count as CallableFunction));
  assert(later instanceof (countLater as CallableFunction));
  const kind = (value: unknown) => Object.prototype.toString.call(value);
  assertEquals(kind(numbers), "[object Generator]");
  assertEquals(kind(later), "[object AsyncGenerator]");
  assertStrictEquals(numbers[Symbol.iterator](), numbers);
  assertStrictEquals(later[Symbol.asyncIterator](), later);
  assertEquals(Object.keys(numbers), []);
  await later.return("");
});

test("wrappers measure a generator that another one delegates to", async () => {
  const { events, wrap } = withEvents();
  const inner = wrap(count);
  function* outer() {
    return yield* inner(2);
  }
  assertEquals([...outer()], [0, 1]);
  assertEquals(events, WELL);
  const innerLater = wrap(countLater);
  async function* outerLater() {
    yield* innerLater(2);
  }
  for await (const _ of outerLater());
  assertEquals(events, [...WELL, ...WELL]);
});

test("wrappers keep the this and the arguments of a generator method", () => {
  const { wrap } = withEvents();
  class Shelf {
    #books = ["a", "b"];
    *books(suffix: string) {
      for (const book of this.#books) yield book + suffix;
    }
  }
  Shelf.prototype.books = wrap(Shelf.prototype.books);
  assertEquals([...new Shelf().books("!")], ["a!", "b!"]);
});

test("time() observes a generator from its first next() to its end", async () => {
  await withCountedClock(() => {
    const metric = new FakeObserver();
    const numbers = time(metric)(count)(2);
    // Makes time pass that is not the generator's.
    performance.now();
    const values = [...numbers];
    assertEquals(values, [0, 1]);
    assertEquals(metric.observed, [1]);
  });
});

test("wrappers measure runs of one generator function each on its own", () => {
  const { events, wrap } = withEvents();
  const numbers = wrap(count);
  const [first, second] = [numbers(1), numbers(1)];
  first.next();
  second.next();
  assertEquals(events, ["up", "up"]);
  second.next();
  first.next();
  assertEquals(events, ["up", "up", "down", "observe", "down", "observe"]);
  assert(first !== second);
});

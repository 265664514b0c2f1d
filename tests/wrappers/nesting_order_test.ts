/** Wrappers with code of their own do the same as any other nesting. */
import {
  type AnyFunction,
  countExceptions,
  time,
  trackInprogress,
  type Wrapper,
} from "../../src/wrappers/mod.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { withCountedClock } from "../_fakes.ts";
import { test } from "../_suite.ts";

/** How a method of a metric, or a filter, behaves. */
const behaviour = fc.constantFrom(
  "returns",
  "throws",
  "rejects",
  "resolves",
  "returns a broken thenable",
);

/** One wrapper, and how its metric behaves. */
const layer = fc.record({
  kind: fc.constantFrom("time", "count", "track"),
  start: behaviour,
  end: behaviour,
  filter: fc.constantFrom("none", "matches", "differs", "throws"),
});

type Layer = typeof layer extends fc.Arbitrary<infer L> ? L : never;

/** How the wrapped function ends. */
const ENDINGS = {
  returns: () => 42,
  "returns an object": () => [42],
  throws: () => {
    throw "no";
  },
  fulfils: () => Promise.resolve(42),
  rejects: () => Promise.reject("no"),
  "rejects later": async () => {
    await null;
    throw "no";
  },
  "returns a thenable": () => ({
    then: (resolve: (value: number) => void) => resolve(42),
  }),
  "returns a thenable that fails": () => ({
    then(_resolve: unknown, reject: (reason: unknown) => void) {
      reject("no");
    },
  }),
  "returns a subclass's promise": () =>
    class extends Promise<number> {}
      .resolve(42),
  "returns a promise's proxy": () => new Proxy(Promise.resolve(42), {}),
  "returns what cannot be asked": () =>
    Object.defineProperty({}, "then", {
      get() {
        throw new Error("not for you");
      },
    }),
} satisfies Record<string, AnyFunction>;

/** Behaves as a metric's method should, and notes the call. */
function act(log: unknown[], note: string, how: string): unknown {
  log.push(note);
  if (how === "throws") throw note;
  if (how === "rejects") return Promise.reject(note);
  if (how === "resolves") return Promise.resolve(note);
  if (how === "returns") return undefined;
  return {
    then() {
      throw `then of ${note}`;
    },
  };
}

function wrapperOf({ kind, start, end, filter }: Layer, log: unknown[]) {
  const options = {
    onError: (error: unknown) => void log.push({ error: String(error) }),
  };
  if (kind === "time") {
    const observe = (seconds: number) => {
      log.push(seconds);
      return act(log, "observe", end) as void;
    };
    return time({ observe }, options);
  }
  if (kind === "count") {
    return countExceptions({ inc: () => act(log, "count", end) as void }, {
      ...options,
      ...filter !== "none" && {
        filter(reason) {
          log.push({ filter: String(reason) });
          if (filter === "throws") throw "filter";
          return filter === "matches";
        },
      },
    });
  }
  return trackInprogress({
    inc: () => act(log, "up", start) as void,
    dec: () => act(log, "down", end) as void,
  }, options);
}

/** The events of one call, in order. */
async function seenOf(
  layers: readonly Layer[],
  ending: keyof typeof ENDINGS,
  outer?: Wrapper,
): Promise<unknown[]> {
  const log: unknown[] = [];
  const fn: AnyFunction = (...args) => {
    log.push(args);
    return ENDINGS[ending]();
  };
  let wrapped = layers.reduceRight<AnyFunction>(
    (inner, each) => wrapperOf(each, log)(inner),
    fn,
  );
  if (outer !== undefined) wrapped = outer(wrapped);
  await withCountedClock(async () => {
    try {
      const returned = wrapped(1, 2);
      log.push(returned instanceof Promise ? "a promise" : "a value");
      if (returned instanceof Promise) log.push(await returned);
    } catch (error) {
      log.push({ caught: String(error) });
    }
    // Promises of metrics may be rejected, and reported, after the call.
    for (let turn = 0; turn < 10; turn++) await null;
  });
  return log;
}

test("wrappers around one function do the same, in the same order, in code of their own", async () => {
  // As a further probe, it makes a nesting without code of its own.
  const silent = trackInprogress({ inc() {}, dec() {} });
  await fc.assert(
    fc.asyncProperty(
      fc.array(layer, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...Object.keys(ENDINGS) as (keyof typeof ENDINGS)[]),
      async (layers, ending) => {
        assertEquals(
          await seenOf(layers, ending),
          await seenOf(layers, ending, silent),
        );
      },
    ),
    { numRuns: 1000 },
  );
});

test("wrappers nested in any order begin outside in and end inside out", async () => {
  const KINDS = ["time", "count", "track"] as const;
  const common = { start: "returns", end: "returns", filter: "none" } as const;
  const ends = { time: ["observe"], count: ["count"], track: ["down"] };
  const orders = KINDS.flatMap((a) =>
    KINDS.flatMap((b) => KINDS.map((c) => [a, b, c]))
  );
  for (const order of [...KINDS.map((kind) => [kind]), ...orders]) {
    const layers = order.map((kind) => ({ ...common, kind }));
    for (const ending of ["throws", "rejects"] as const) {
      const log = await seenOf(layers, ending);
      const events = log.filter((each) => typeof each === "string")
        .filter((each) => each !== "a promise");
      assertEquals(events, [
        ...order.filter((kind) => kind === "track").map(() => "up"),
        ...order.toReversed().flatMap((kind) => ends[kind]),
      ]);
    }
  }
});

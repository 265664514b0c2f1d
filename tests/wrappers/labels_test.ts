import {
  countExceptions,
  time,
  trackInprogress,
} from "../../src/wrappers/mod.ts";
import type {
  CountExceptionsOptions,
  Outcome,
} from "../../src/wrappers/mod.ts";
import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { client } from "../_client.ts";
import { FakeGauge, FakeObserver } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { series } from "./_series.ts";

type Values = Record<string, string | number>;

const ROUTE_AND_STATUS = ["route", "status"] as const;

function labelledHistogram() {
  return new client.Histogram({
    name: "req_time_seconds",
    help: "time spent in requests",
    labelNames: ROUTE_AND_STATUS,
    registers: [new client.Registry()],
  });
}

function labelledCounter() {
  return new client.Counter({
    name: "errors_total",
    help: "errors",
    labelNames: ROUTE_AND_STATUS,
    registers: [new client.Registry()],
  });
}

function labelledGauge() {
  return new client.Gauge({
    name: "requests_inprogress",
    help: "requests",
    labelNames: ["route"] as const,
    registers: [new client.Registry()],
  });
}

const abort = () => AbortSignal.abort().throwIfAborted();
const timeOut = () => {
  throw new DOMException("too slow", "TimeoutError");
};
const fail = () => {
  throw new RangeError("no");
};

test("time() labels by how a call ended", async () => {
  const metric = labelledHistogram();
  const wrap = time(metric, {
    labels: ({ status }) => ({ route: "/", status }),
  });
  await wrap(() => Promise.resolve(42))();
  for (const throws of [abort, timeOut, fail]) {
    assertThrows(wrap(throws), Error);
    // deno-lint-ignore require-await
    await assertRejects(wrap(async () => throws()), Error);
  }
  assertEquals(await series(metric), [
    [{ route: "/", status: "fulfilled" }, 1],
    [{ route: "/", status: "aborted" }, 2],
    [{ route: "/", status: "timeout" }, 2],
    [{ route: "/", status: "rejected" }, 2],
  ]);
});

test("time() labels by arguments, value and reason", async () => {
  const outcomes: Outcome[] = [];
  const labels = (outcome: Outcome) => {
    outcomes.push(outcome);
    return { route: outcome.args[0] ?? "none" };
  };
  const metric = labelledHistogram();
  const reason = new RangeError("no");
  const fn = time(metric, { labels })((route: string, isFailing: boolean) => {
    if (isFailing) throw reason;
    return Promise.resolve(`at ${route}`);
  });
  await fn("/a", false);
  assertThrows(() => fn("/b", true), RangeError);
  await time(metric, Promise.resolve(42), { labels });
  assertEquals(outcomes, [
    { status: "fulfilled", value: "at /a", args: ["/a", false] },
    { status: "rejected", reason, args: ["/b", true] },
    { status: "fulfilled", value: 42, args: [] },
  ]);
  assertEquals(await series(metric), [
    [{ route: "/a" }, 1],
    [{ route: "/b" }, 1],
    [{ route: "none" }, 1],
  ]);
});

test("time() labels generators when they end", () => {
  const seen: unknown[] = [];
  const labels = ({ status, value, args }: Outcome) => {
    seen.push([status, value, args]);
    return {};
  };
  const fn = time(labelledHistogram(), { labels })(function* (n: number) {
    yield n;
    return "end";
  });
  assertEquals([...fn(1)], [1]);
  assertEquals(seen, [["fulfilled", "end", [1]]]);
});

test("wrappers take labels that do not change, and copy them", async () => {
  const labels: Values = { route: "/" };
  const [histogram, counter, gauge] = [
    labelledHistogram(),
    labelledCounter(),
    labelledGauge(),
  ];
  const fn = time(histogram, { labels })(
    countExceptions(counter, { labels })(
      trackInprogress(gauge, { labels })(() => Promise.reject(new Error("no"))),
    ),
  );
  labels.route = "/changed";
  await assertRejects(fn, Error);
  const route = { route: "/" };
  assertEquals(await series(histogram), [[route, 1]]);
  assertEquals(await series(counter), [[route, 1]]);
  assertEquals(await series(gauge), [[route, 0]]);
});

test("countExceptions() labels by how a call failed", async () => {
  const metric = labelledCounter();
  const labels = ({ status, reason, args }: Outcome) => ({
    status: `${status} ${(reason as Error).name}`,
    route: args[0] ?? "none",
  });
  const fn = countExceptions(metric, { labels, exc: RangeError })(
    // deno-lint-ignore require-await
    async (_route: string, throws: () => void) => throws(),
  );
  await fn("/", () => {});
  await assertRejects(() => fn("/", fail), RangeError);
  await assertRejects(() => fn("/", timeOut), Error);
  await assertRejects(
    () => countExceptions(metric, fn("/a", abort), { labels }),
    Error,
  );
  assertEquals(await series(metric), [
    [{ status: "rejected RangeError", route: "/" }, 1],
    [{ status: "aborted AbortError", route: "none" }, 1],
  ]);
});

test("trackInprogress() labels by the arguments, up as down", async () => {
  const metric = labelledGauge();
  let calls = 0;
  const fn = trackInprogress(metric, {
    labels: ({ args: [route] }) => ({ route: `${route}${calls++ ? "?" : ""}` }),
  })((_route: string, promise: Promise<void>) => promise);
  const { promise, resolve } = Promise.withResolvers<void>();
  const call = fn("/", promise);
  assertEquals(await series(metric), [[{ route: "/" }, 1]]);
  resolve();
  await call;
  assertEquals(await series(metric), [[{ route: "/" }, 0]]);
});

test("trackInprogress() goes down where it went up, whatever happens to the labels", async () => {
  const metric = labelledGauge();
  const context = { labels: { route: "/" } };
  const fn = trackInprogress(metric, {
    labels: ({ args: [{ labels }] }) => labels,
  })(async ({ labels }: typeof context) => {
    labels.route = "/changed";
    await Promise.resolve();
  });
  await fn(context);
  assertEquals(await series(metric), [[{ route: "/" }, 0]]);
});

test("trackInprogress() leaves the arguments to the function", () => {
  const fn = trackInprogress(labelledGauge(), {
    labels: ({ args }) => ({ route: (args as unknown as string[]).pop() }),
  })((...args: string[]) => args);
  assertEquals(fn("a", "b"), ["a", "b"]);
});

test("wrappers report labels that throw or are invalid, and measure nothing", async () => {
  const failure = new RangeError("no labels");
  const wrong: (() => unknown)[] = [
    () => {
      throw failure;
    },
    () => undefined,
    () => "route",
    () => ["route"],
    () => Promise.resolve({ route: "/" }),
    () => Promise.reject(failure),
  ];
  for (const labels of wrong) {
    const errors: unknown[] = [];
    const options = {
      labels: labels as () => Values,
      onError: (error: unknown) => errors.push(error),
    };
    const [histogram, counter, gauge] = [
      labelledHistogram(),
      labelledCounter(),
      labelledGauge(),
    ];
    const reason = new Error("of the application");
    const fn = time(histogram, options)(
      countExceptions(counter, options)(
        trackInprogress(gauge, options)(() => Promise.reject(reason)),
      ),
    );
    assertStrictEquals(await assertRejects(fn, Error), reason);
    assertEquals(errors.length, 3);
    for (const error of errors as Error[]) {
      if (error === failure) continue;
      assertMatch(
        error.message,
        /^Cannot measure with \w+\(\): labels must (return an object|not be asynchronous)/,
      );
    }
    for (const metric of [histogram, counter, gauge]) {
      assertEquals(await series(metric), []);
    }
  }
});

test("wrappers report a label that the metric does not have", async () => {
  const errors: unknown[] = [];
  const metric = labelledHistogram();
  const fn = time(metric, {
    labels: { colour: "red" } as Values,
    onError: (error) => errors.push(error),
  })(() => Promise.resolve(42));
  assertEquals(await fn(), 42);
  assertEquals(errors.length, 1);
  assertEquals(await series(metric), []);
});

test("wrappers take a reason whose name cannot be read for a rejection", async () => {
  const statuses: string[] = [];
  const labels = ({ status }: Outcome) => {
    statuses.push(status);
    return {};
  };
  const unreadable = {
    get name() {
      throw new Error("not for you");
    },
  };
  for (const reason of [unreadable, undefined, null, "AbortError"]) {
    await time(new FakeObserver(), Promise.reject(reason), { labels })
      .catch(() => {});
  }
  assertEquals(statuses, Array(4).fill("rejected"));
});

test("wrappers without labels pass nothing but the value", async () => {
  const calls: unknown[][] = [];
  const note = (...args: unknown[]) => void calls.push(args);
  const metric = { observe: note, inc: note, dec: note };
  const fail = () => Promise.reject(new Error("no"));
  await assertRejects(
    countExceptions(metric)(trackInprogress(metric)(fail)),
    Error,
  );
  assertEquals(calls, [[], [], []]);
});

test("countExceptions() counts the errors that filter selects", async () => {
  const countOf = async (
    options: CountExceptionsOptions,
    reason: unknown,
  ) => {
    const metric = new FakeGauge();
    await countExceptions(metric, Promise.reject(reason), options)
      .catch(() => {});
    return metric.value;
  };
  const filter = (reason: unknown) => (reason as Error).message === "no";
  assertEquals(await countOf({ filter }, new Error("no")), 1);
  assertEquals(await countOf({ filter }, new Error("yes")), 0);
  const both = { filter, exc: RangeError };
  assertEquals(await countOf(both, new RangeError("no")), 1);
  assertEquals(await countOf(both, new RangeError("yes")), 0);
  assertEquals(await countOf(both, new Error("no")), 0);
  assertEquals(await countOf({ filter, exc: [] }, new Error("no")), 0);
});

test("countExceptions() reports a filter that throws, and does not count", async () => {
  const metric = new FakeGauge();
  const errors: unknown[] = [];
  const promise = countExceptions(metric, Promise.reject(undefined), {
    filter: (reason) => (reason as Error).message === "no",
    onError: (error) => errors.push(error),
  });
  await promise.catch(() => {});
  assertEquals(metric.value, 0);
  assertEquals(errors.map((error) => (error as Error).name), ["TypeError"]);
});

test("countExceptions() refuses the answer of a filter that is asynchronous", async () => {
  for (const answer of [false, new Error("of the filter")]) {
    const metric = new FakeGauge();
    const errors: unknown[] = [];
    const filter = answer === false
      ? () => Promise.resolve(false)
      : () => Promise.reject(answer);
    await countExceptions(metric, Promise.reject(new RangeError("no")), {
      filter: filter as unknown as () => boolean,
      onError: (error) => errors.push(error),
    }).catch(() => {});
    assertEquals(metric.value, 0);
    assertEquals(errors.map((error) => (error as Error).message), [
      "Cannot measure with countExceptions(): filter must not be " +
      "asynchronous, received a promise",
    ]);
  }
});

test("countExceptions() refuses a filter or an exemplar that is no function", () => {
  for (const name of ["filter", "exemplar"]) {
    assertThrows(
      () => countExceptions(new FakeGauge(), { [name]: "no" }),
      TypeError,
      `${name} must be a function`,
    );
  }
});

import {
  countExceptions,
  time,
  trackInprogress,
} from "../../src/wrappers/mod.ts";
import { assert, assertEquals } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { client } from "../_client.ts";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";
import { withEvents } from "./_events.ts";

test("trackInprogress() reads exactly 10 000 while 10 000 calls overlap", async () => {
  const { Counter, Gauge, Histogram, Registry } = client;
  const registers = [new Registry()];
  const gauge = new Gauge({ name: "inprogress", help: "calls", registers });
  const counter = new Counter({
    name: "errors_total",
    help: "errors",
    registers,
  });
  const histogram = new Histogram({ name: "seconds", help: "time", registers });
  const { promise, resolve } = Promise.withResolvers<void>();
  const fn = time(histogram)(
    countExceptions(counter)(
      trackInprogress(gauge)(async (n: number) => {
        await promise;
        if (n % 4 === 0) throw new Error("no");
        return n;
      }),
    ),
  );
  const calls = Array.from({ length: 10_000 }, (_, n) => fn(n));
  const valueOf = async (metric: typeof gauge | typeof counter) =>
    (await metric.get()).values[0].value;
  assertEquals(await valueOf(gauge), 10_000);
  resolve();
  const results = await Promise.allSettled(calls);
  assertEquals(await valueOf(gauge), 0);
  assertEquals(await valueOf(counter), 2_500);
  const { values } = await histogram.get();
  assertEquals(values.at(-1)?.value, 10_000);
  assertEquals(
    results.filter(({ status }) => status === "rejected").length,
    2_500,
  );
});

test("wrappers raise as many unhandled rejections as without them", async () => {
  const { stdout } = await runProgram("tests/programs/dropped_rejections.ts");
  assertEquals(stdout.trim().split("\n"), [
    // The first number of each is without a wrapper.
    "async function: 1 1 1 1 1 1 1 1",
    "subclass: 1 1 1 1 1 1 1 1",
    "async generator: 1 1 1 1 1 1 1 1",
    // The wrapper starts the thenable and returns a promise.
    "thenable: 1 1",
    "promise: 1 1 1",
    "handled: 0 0 0 1",
  ]);
});

test("wrappers do not grow memory over a million calls", async () => {
  const { stdout } = await runProgram("tests/programs/steady_memory.ts");
  // A leak grows in each quarter, compiled code only in some.
  const [, grown] = JSON.parse(stdout).sort((a: number, b: number) => a - b);
  // One byte for each call of a quarter.
  assert(grown < 250_000, `grew by ${grown} bytes with a quarter`);
});

test("wrappers run everything in the caller's asynchronous context", async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const look = () => void seen.push(storage.getStore());
  const metric = { observe: look, inc: look, dec: look };
  const wrap = <F extends () => unknown>(fn: F): F =>
    time(metric)(countExceptions(metric)(trackInprogress(metric)(fn)));
  const sleep = () => new Promise((resolve) => setTimeout(resolve, 1));

  const fulfil = wrap(async () => {
    look();
    await sleep();
    look();
  });
  const reject = wrap(async () => {
    await sleep();
    look();
    throw new Error("no");
  });
  const thenable = wrap(() => {
    look();
    return { then: (resolve: () => void) => void sleep().then(resolve) };
  });
  await storage.run("fulfil", () => fulfil().then(look));
  await storage.run("reject", () => reject().catch(look));
  await storage.run(
    "thenable",
    () => (thenable() as unknown as Promise<void>).then(look),
  );
  assertEquals(seen, [
    ...Array(6).fill("fulfil"),
    ...Array(6).fill("reject"),
    ...Array(5).fill("thenable"),
  ]);
});

test("wrappers run each step of a generator in the context of its caller", async () => {
  const storage = new AsyncLocalStorage<string>();
  const { wrap } = withEvents();
  const observed: unknown[] = [];
  const timed = time({
    observe: () => void observed.push(storage.getStore()),
  });
  function* sync() {
    yield storage.getStore();
    yield storage.getStore();
  }
  async function* later() {
    yield storage.getStore();
    await new Promise((resolve) => setTimeout(resolve, 1));
    yield storage.getStore();
  }
  const steps = [1, 2, 3].map((n) => `step ${n}`);
  const advance = async (
    generator: Iterator<unknown> | AsyncIterator<unknown>,
  ) => {
    const values = [];
    for (const step of steps) {
      values.push((await storage.run(step, () => generator.next())).value);
    }
    return values;
  };
  const make = storage.run.bind(storage, "made") as <T>(fn: () => T) => T;
  assertEquals(
    await advance(make(() => timed(wrap(sync))())),
    await advance(make(() => sync())),
  );
  assertEquals(
    await advance(make(() => timed(wrap(later))())),
    await advance(make(() => later())),
  );
  assertEquals(observed, ["step 3", "step 3"]);
});

test("time() finds the caller's context when it makes an exemplar", async () => {
  const storage = new AsyncLocalStorage<string>();
  const traces: unknown[] = [];
  const observe = (data: unknown) =>
    void traces.push((data as { exemplarLabels: unknown }).exemplarLabels);
  const fn = time({ enableExemplars: true, observe }, {
    exemplar: () => ({ traceId: storage.getStore() }),
  })(() => new Promise((resolve) => setTimeout(resolve, 1)));
  await Promise.all(["a", "b"].map((id) => storage.run(id, fn)));
  assertEquals(traces, [{ traceId: "a" }, { traceId: "b" }]);
});

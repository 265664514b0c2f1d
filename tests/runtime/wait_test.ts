import {
  Deadline,
  now,
  repeat,
  sleep,
  unlessAborted,
  waitFor,
} from "../../src/runtime/wait.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { withHeldTimers, withSetClock, withStoppedGlobals } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { turn } from "../_wait.ts";

const never = new Promise<never>(() => {});

test("waitFor() tells that a promise has settled, either way, and leaves no timer", async () => {
  await withHeldTimers(async (held) => {
    assertEquals(await waitFor(Promise.resolve(), { ms: 1000 }), true);
    assertEquals(await waitFor(Promise.reject("no"), { ms: 1000 }), true);
    assertEquals(held.size, 0);
  });
});

test("waitFor() ends when its time is over", async () => {
  await withHeldTimers(async (held) => {
    const waited = waitFor(never, { ms: 1000 });
    const [timer] = held;
    assertEquals(timer.ms, 1000);
    timer.end();
    assertEquals(await waited, false);
  });
});

test("waitFor() ends when its signal aborts, also one that has aborted before", async () => {
  await withHeldTimers(async (held) => {
    const aborter = new AbortController();
    const waited = waitFor(never, { ms: 1000, signal: aborter.signal });
    aborter.abort();
    assertEquals(await waited, false);
    const { signal } = aborter;
    assertEquals(await waitFor(never, { ms: 1000, signal }), false);
    assertEquals(held.size, 0);
  });
});

test("sleep() ends with its signal", async () => {
  const aborter = new AbortController();
  const slept = sleep(1_000_000, { signal: aborter.signal });
  aborter.abort();
  await slept;
});

test("unlessAborted() yields what a promise yields, or throws the signal's reason", async () => {
  const { signal } = new AbortController();
  assertEquals(await unlessAborted(signal, Promise.resolve(1)), 1);
  assertEquals(await unlessAborted(undefined, Promise.resolve(2)), 2);
  const reason = new Error("enough");
  const aborted = () => unlessAborted(AbortSignal.abort(reason), never);
  const thrown = await assertRejects(aborted, Error);
  assert(thrown === reason);
});

test("Deadline waits for what is left of its time, or of a part of it", async () => {
  await withSetClock(async (clock) => {
    await withHeldTimers(async (held) => {
      const deadline = new Deadline(100);
      clock.ms += 30;
      assertEquals(deadline.rest, 70);
      const whole = deadline.waitFor(never);
      const part = deadline.waitFor(never, 50);
      assertEquals([...held].map(({ ms }) => ms), [70, 20]);
      for (const timer of held) timer.end();
      assertEquals(await Promise.all([whole, part]), [false, false]);
      clock.ms += 200;
      assertEquals(deadline.rest, 0);
    });
  });
});

test("all that waits goes on where a test has replaced the timers and the clock", async () => {
  await withStoppedGlobals(async () => {
    const startedAt = now();
    await sleep(2);
    assert(now() > startedAt);
    await turn();
    assertEquals(await waitFor(never, { ms: 1 }), false);
    assertEquals(await new Deadline(1).waitFor(never), false);
    let calls = 0;
    const end = repeat(1, () => calls++);
    // A timer of the runtime holds the process meanwhile.
    while (calls < 2) await sleep(1);
    end();
  });
});

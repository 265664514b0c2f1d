import { rest } from "../../src/runtime/pace.ts";
import { nextTurn, timers } from "../../src/runtime/wait.ts";
import { assert, assertEquals } from "@std/assert";
import { withSetClock } from "../_fakes.ts";
import { test } from "../_suite.ts";

/** Work that may pause after every step. */
async function steps(count: number, step: () => void): Promise<number> {
  for (let n = 0; n < count; n++) {
    step();
    await rest();
  }
  return count;
}

/** Counts how often the event loop turns while something is done. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns++;
    if (!isDone) nextTurn(turn);
  };
  nextTurn(turn);
  await work;
  isDone = true;
  return turns;
}

test("rest() allows many steps in a turn, also where others wait for theirs", async () => {
  const count = 200_000;
  // Each step takes next to nothing.
  const works = Promise.all([1, 2, 3].map(() => steps(count, () => {})));
  const turns = await turnsOf(works);
  assertEquals(await works, [count, count, count]);
  // A slice is of 4 ms: in each turn there are thousands of steps, and dozens on
  // a machine that is a hundred times as slow.
  assert(turns < count / 10, `took ${turns} turns`);
});

test("rest() lets the event loop turn during long work", async () => {
  await withSetClock(async (clock) => {
    // A slice is of two steps, thus 25 turns, less those that pass uncounted.
    const turns = await turnsOf(steps(50, () => clock.ms += 2));
    assert(turns > 20, `took ${turns} turns`);
  });
});

test("rest() goes on after turns that were lost, and those that wait take turns", async () => {
  const { setImmediate } = timers;
  await withSetClock(async (clock) => {
    // Never called, as with timers that a test has replaced and put back.
    Object.assign(timers, { setImmediate: () => {} });
    try {
      clock.ms += 100;
      void steps(3, () => clock.ms += 5);
      void steps(3, () => clock.ms += 5);
    } finally {
      Object.assign(timers, { setImmediate });
    }
    clock.ms += 100;
    const works = [1, 2, 3].map(() => steps(4, () => clock.ms += 5));
    const turns = await turnsOf(Promise.all(works));
    assert(turns >= 8, `took ${turns} turns`);
  });
});

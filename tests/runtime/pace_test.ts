import { nextTurn, paced, type Steps } from "../../src/runtime/pace.ts";
import { assert, assertEquals } from "@std/assert";
import { withSetClock } from "../_fakes.ts";
import { test } from "../_suite.ts";

/** Work that may pause after every step, of which each takes next to nothing. */
function* steps(count: number): Steps<number> {
  for (let n = 0; n < count; n++) yield;
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

test("paced() does many steps in a turn, also where others wait for theirs", async () => {
  const count = 200_000;
  const works = Promise.all([1, 2, 3].map(() => paced(steps(count))));
  const turns = await turnsOf(works);
  assertEquals(await works, [count, count, count]);
  // A slice is of 4 ms: in each turn there are thousands of steps, and dozens on
  // a machine that is a hundred times as slow.
  assert(turns < count / 10, `took ${turns} turns`);
});

test("paced() lets the event loop turn during long work", async () => {
  await withSetClock(async (clock) => {
    function* long(): Steps<void> {
      for (let n = 0; n < 50; n++) {
        clock.ms += 2;
        yield;
      }
    }
    // A slice is of two steps, thus 25 turns, less those that pass uncounted.
    const turns = await turnsOf(paced(long()));
    assert(turns > 20, `took ${turns} turns`);
  });
});

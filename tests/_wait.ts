import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { nextTurn } from "../src/runtime/wait.ts";

/** Lets the event loop turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => nextTurn(resolve));
}

/** Between two looks at a condition, in milliseconds. */
const LOOK_MS = 50;

/**
 * Waits until a condition holds.
 *
 * @param ms For how long, counted in looks that are at least 50 ms apart: on a
 * busy machine it is longer.
 * @throws {Error} If it does not, naming `what`.
 */
export async function waitUntil(
  ms: number,
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let waited = 0; !await condition(); waited += LOOK_MS) {
    if (waited >= ms) {
      throw new Error(`Waited ${ms} ms until ${what}, in vain`);
    }
    await sleep(LOOK_MS);
  }
}

/** How long an answer may take: only a busy machine needs as much. */
const ANSWER_MS = 60_000;

/** Asks until the answer is the expected one; fails with one that never is. */
export async function assertSoon<T>(
  expected: T,
  ask: () => Promise<T>,
): Promise<void> {
  let answer: T | undefined;
  const isExpected = async () => {
    answer = await ask();
    return JSON.stringify(answer) === JSON.stringify(expected);
  };
  await waitUntil(ANSWER_MS, "the answer is as expected", isExpected)
    .catch((error) => {
      // The assertion below tells more.
      if (answer === undefined) throw error;
    });
  assertEquals<unknown>(answer, expected);
}

import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits until a condition holds.
 *
 * @throws {Error} If it does not within `ms` milliseconds, naming `what`.
 */
export async function waitUntil(
  ms: number,
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + ms;
  while (!await condition()) {
    if (performance.now() > deadline) {
      throw new Error(`Waited ${ms} ms until ${what}, in vain`);
    }
    await sleep(50);
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

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

/** Measures the heap; the garbage collector must be at hand: `--expose-gc`. */
import process from "node:process";

/** Collects all garbage. */
export function collect(): void {
  (globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void }).Bun
    ?.gc(true) ?? (globalThis as unknown as { gc(): void }).gc();
}

/** The heap in use, once it no longer shrinks. */
export async function heapUsed(): Promise<number> {
  let least = Infinity;
  for (let turn = 0; turn < 25; turn++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}

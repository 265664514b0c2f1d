/**
 * Long work in slices: in between the event loop is free.
 *
 * All such work of the process shares the slices, so that many pieces at once
 * hold the event loop no longer than one.
 *
 * @module
 */

/** For how long work may hold the event loop before others get their turn. */
const SLICE_MS = 4;

const waiting: (() => void)[] = [];
let sliceEnd = 0;
/** Whether the event loop has turned since the slice began. */
let hasTurned = true;

/**
 * Lets the event loop turn, if the slice is over. The clock is read for that: it
 * belongs after a piece of work, not into an innermost loop.
 */
export function rest(): Promise<void> | undefined {
  if (waiting.length === 0 && hasTurned) beginSlice();
  // Who was let go on has a slice, too, however many others wait for theirs.
  if (performance.now() < sliceEnd) return undefined;
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) nextTurn(resume);
  });
}

function beginSlice(): void {
  sliceEnd = performance.now() + SLICE_MS;
  hasTurned = false;
  nextTurn(() => hasTurned = true);
}

/** Lets one of those who wait go on; the others get turns of their own. */
function resume(): void {
  beginSlice();
  waiting.shift()!();
  if (waiting.length > 0) nextTurn(resume);
}

/** Calls a function when the event loop turns. */
export function nextTurn(callback: () => void): void {
  // A timer of 0 ms takes one, or four when they are nested.
  if (typeof setImmediate === "function") setImmediate(callback);
  else setTimeout(callback, 0);
}

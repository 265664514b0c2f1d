/**
 * Long work in slices, between which the event loop is free. All such work of the
 * process shares the slices: many pieces hold the event loop no longer than one.
 *
 * @module
 */
import { nextTurn, now } from "./wait.ts";

/** How long work may hold the event loop, in milliseconds. */
const SLICE_MS = 4;

/**
 * Pieces of work (a row, a line, a value) between two looks at the clock: each
 * takes up to 3 µs, so that a slice ends late by 3 ms at most, and a look costs as
 * much as a few of the cheapest.
 */
export const PIECES = 1024;

/** The number of the slice. */
let slice = 0;
let sliceEnd = 0;
/** Whether the event loop has turned since the slice began. */
let hasTurned = true;
let waiting = 0;

/** Pieces that were done since the last look, by all work of the process. */
let done = 0;

/**
 * Counts pieces of work that were done, or are next. Where it says so, the caller
 * awaits {@linkcode rest}.
 */
export function isDue(pieces: number): boolean {
  done += pieces;
  if (done < PIECES) return false;
  done = 0;
  return true;
}

/**
 * Lets the event loop turn if the slice is over. It reads the clock, which is too
 * slow for an innermost loop.
 */
export function rest(): Promise<void> | undefined {
  if (waiting === 0 && hasTurned) beginSlice();
  // Resumed work has the slice to itself, however many others wait.
  if (now() < sliceEnd) return undefined;
  return new Promise(resumeLater);
}

function beginSlice(): void {
  slice++;
  sliceEnd = now() + SLICE_MS;
  hasTurned = false;
  nextTurn(() => hasTurned = true);
}

/**
 * Resumes in a turn of its own. Each piece of work asks for its turn itself: a lost
 * one, as with timers that a test has replaced, stops no other.
 */
function resumeLater(resume: () => void): void {
  const before = slice;
  waiting++;
  nextTurn(() => {
    waiting--;
    // Another piece has had this turn.
    if (slice !== before) return resumeLater(resume);
    beginSlice();
    resume();
  });
}

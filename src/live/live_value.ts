import { Cell } from "../metrics/cell.ts";

/** What is stored of a label set of a counter or a gauge, live. */
export interface LiveValue {
  value: number;
  labels: Readonly<Record<string, unknown>>;
}

/**
 * Makes an object as the clients keep one for each label set of counters and
 * gauges; its value is a cell.
 */
export function liveValue(
  labels: LiveValue["labels"],
  cells: Float64Array,
  at: number,
): LiveValue {
  const target = new Bare();
  new Cell(target, cells, at);
  // Properties must be new when they get accessors: engines slow down objects
  // in which they replace others.
  Object.defineProperty(target, "value", Cell.VALUE);
  target.labels = labels;
  return target as LiveValue;
}

/** Makes plain objects that have no room to spare. */
const Bare = function () {} as unknown as new () => Partial<LiveValue>;
Bare.prototype = Object.prototype;

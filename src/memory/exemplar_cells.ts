import { labelsJson, type RawLabels } from "../families/label_set.ts";
import { addExemplar } from "../families/values.ts";
import type { CollectedExemplar, Exemplar } from "../types.ts";
import { EXEMPLAR, integerAt, WORD } from "./layout.ts";
import type { Memory } from "./memory.ts";
import { ChangedError, isStill, type MemoryView } from "./view.ts";

/** Attempts to read an exemplar that is being replaced. */
const READS = 16;

export function writeExemplar(
  memory: Memory,
  row: Float64Array,
  cell: number,
  { labelSet, value, timestamp = NaN }: CollectedExemplar,
): void {
  // One that the client refused has no value.
  if (typeof value !== "number") return;
  const labels = memory.writeText(labelsJson(labelSet));
  const address = memory.allocate(EXEMPLAR.bytes);
  const { chunk: { integers, cells }, word } = memory.at(address);
  const stamp = integerAt(word, EXEMPLAR.stamp);
  // First of all: readers of the exemplar that was here must find out.
  Atomics.exchange(integers, stamp, memory.unique());
  integers[integerAt(word, EXEMPLAR.labels)] = labels;
  cells[word + EXEMPLAR.value] = value;
  cells[word + EXEMPLAR.timestamp] = timestamp;
  // Cells have no atomic store: an addition of 0 orders them.
  Atomics.add(integers, stamp, 0);
  const old = row[cell];
  row[cell] = address;
  freeExemplar(memory, old);
}

export function clearExemplars(
  memory: Memory,
  row: Float64Array,
  cell: number,
  count: number,
): void {
  for (const end = cell + count; cell < end; cell++) {
    const address = row[cell];
    // First, so that readers find that it is no longer the row's.
    row[cell] = 0;
    freeExemplar(memory, address);
  }
}

function freeExemplar(memory: Memory, address: number): void {
  if (address === 0) return;
  const { chunk, word } = memory.at(address);
  memory.freeText(chunk.integers[integerAt(word, EXEMPLAR.labels)]);
  memory.free(address, EXEMPLAR.bytes);
}

/**
 * Reads the exemplar whose address is in a cell, if there is one. One that is
 * replaced all the time is left out: it is no more than an example.
 */
export function readExemplar(
  memory: MemoryView,
  row: Float64Array,
  cell: number,
  exemplars: Map<number, Exemplar>,
  at: number,
): void {
  for (let reads = 0; reads < READS; reads++) {
    const address = row[cell];
    if (address === 0) return;
    try {
      const exemplar = readAt(memory, address);
      // By now the block may be another exemplar's.
      if (exemplar === undefined || row[cell] !== address) continue;
      return addExemplar(exemplars, at, exemplar);
    } catch (error) {
      if (!(error instanceof ChangedError)) throw error;
    }
  }
}

/** Reads the exemplar in a block; `undefined` if it has changed meanwhile. */
function readAt(
  memory: MemoryView,
  address: number,
): CollectedExemplar | undefined {
  const { chunk, word } = memory.at(address, EXEMPLAR.bytes / WORD);
  const { integers, cells } = chunk;
  const stampAt = integerAt(word, EXEMPLAR.stamp);
  const stamp = Atomics.load(integers, stampAt);
  const value = cells[word + EXEMPLAR.value];
  const timestamp = cells[word + EXEMPLAR.timestamp];
  const labels = integers[integerAt(word, EXEMPLAR.labels)];
  const labelSet = memory.json<RawLabels>(labels);
  if (!isStill(integers, stampAt, stamp)) return undefined;
  const exemplar = { labelSet, value };
  return Number.isNaN(timestamp) ? exemplar : { ...exemplar, timestamp };
}

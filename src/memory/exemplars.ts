import { addExemplar } from "../families/exemplars.ts";
import { labelsJson, type RawLabels } from "../families/raw_labels.ts";
import type { CollectedExemplar, Exemplar } from "../types.ts";
import { EXEMPLAR, integerAt, WORD } from "./layout.ts";
import type { Memory } from "./memory.ts";
import { ChangedError, isStill, type MemoryView } from "./view.ts";

/** How often an exemplar is read that another one takes the place of. */
const READS = 16;

/** Publishes an exemplar in a cell, in place of the one that is there. */
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
  // First of all: readers of an exemplar that was here must find out.
  Atomics.exchange(integers, stamp, memory.unique());
  integers[integerAt(word, EXEMPLAR.labels)] = labels;
  cells[word + EXEMPLAR.value] = value;
  cells[word + EXEMPLAR.timestamp] = timestamp;
  // Cells have no atomic store: a change that changes nothing is one.
  Atomics.add(integers, stamp, 0);
  const old = row[cell];
  row[cell] = address;
  freeExemplar(memory, old);
}

/** Removes the exemplars in cells. */
export function clearExemplars(
  memory: Memory,
  row: Float64Array,
  cell: number,
  count: number,
): void {
  for (const end = cell + count; cell < end; cell++) {
    const address = row[cell];
    // Readers find out that it is no longer the row's.
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
 * Reads the exemplar that a cell has the address of, if it has one. One that is
 * replaced all the time is left out: it is no more than an example.
 *
 * @param memory The memory that it is in.
 * @param row The cells, of which one has the address.
 * @param cell That one.
 * @param exemplars Where it goes.
 * @param at Its index there.
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
      // The block may be another one's by now, or have been so all the time.
      if (exemplar === undefined || row[cell] !== address) continue;
      return addExemplar(exemplars, at, exemplar);
    } catch (error) {
      if (!(error instanceof ChangedError)) throw error;
    }
  }
}

/** Reads the exemplar in a block; `undefined` if it becomes another one. */
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
  const labelSet = memory.json<RawLabels>(
    integers[integerAt(word, EXEMPLAR.labels)],
  );
  if (!isStill(integers, stampAt, stamp)) return undefined;
  return {
    labelSet,
    value,
    timestamp: Number.isNaN(timestamp) ? undefined : timestamp,
  };
}

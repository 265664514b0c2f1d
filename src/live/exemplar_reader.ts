import { addExemplar } from "../families/exemplars.ts";
import type { CollectedExemplar, Exemplar } from "../types.ts";
import { readLabels } from "./labels_text.ts";
import { EXEMPLAR, integerAt, WORD } from "./layout.ts";
import type { MemoryView } from "./memory_view.ts";
import { ChangedError, isStill } from "./stable.ts";

/** How often an exemplar is read that another one takes the place of. */
const READS = 16;

/**
 * Reads the exemplar that a cell has the address of, if it has one. One that is
 * replaced all the time is left out: it is no more than an example.
 *
 * @param memory The memory that it is in.
 * @param cells The cells, of which one has the address.
 * @param cell That one.
 * @param exemplars Where it goes.
 * @param at Its index there.
 */
export function readExemplar(
  memory: MemoryView,
  cells: Float64Array,
  cell: number,
  exemplars: Map<number, Exemplar>,
  at: number,
): void {
  for (let reads = 0; reads < READS; reads++) {
    const address = cells[cell];
    if (address === 0) return;
    try {
      const exemplar = readAt(memory, address);
      // The block may be another one's by now, or have been so all the time.
      if (exemplar === undefined || cells[cell] !== address) continue;
      addExemplar(exemplars, at, exemplar);
      return;
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
  const labels = memory.texts(integers[integerAt(word, EXEMPLAR.labels)]);
  if (!isStill(integers, stampAt, stamp)) return undefined;
  return {
    labelSet: Object.fromEntries(readLabels(labels)),
    value,
    timestamp: Number.isNaN(timestamp) ? undefined : timestamp,
  };
}

/**
 * What stands where in shared memory, byte by byte. Nothing else computes an
 * offset.
 *
 * Memory comes in chunks, each a `SharedArrayBuffer`, and is given out in blocks
 * of 16, 32, 64, … bytes. Integers are `Int32`, numbers `Float64`, both in the
 * machine's byte order; an address is an integer, 0 where there is nothing.
 *
 * One thread writes, any may read at any moment. What readers follow is
 * published last, by an atomic store; what is changed in place is odd meanwhile.
 *
 * ```text
 * directory     0  sequence     odd while it is changed; -1 when it was closed
 *               4  count        entries in the list
 *               8  list         address of the list
 *
 * list          16 bytes an entry, in the order of registration:
 *               0  family       address of the family
 *               4  identity     the identity of the family
 *               8  defaults     address of a text: the registry's default labels
 *
 * family        0  sequence     odd while more than single rows is changed
 *               4  generation   no other contents of any family had this number
 *               8  rows         rows there are, removed ones included
 *              12  segment      address of the first segment
 *              16  header       address of a text, JSON of a FamilyHeader or of
 *                               a FamilySnapshot, which has no rows
 *              20  changes      how often a row has changed, or was removed
 *              24  identity     no other family had this number; 0 when it is gone
 *              28  held         1 while the sequence will be odd for longer
 *
 * segment       0  next         address of the next segment
 *               4  capacity     rows it has room for
 *               8  rows
 *
 * row           0  state        even; odd while it is changed; -1 when removed
 *               4  labels       address of a text
 *               8  cells        8 bytes each
 *
 * cells         of a counter or gauge:  value, exemplars
 *               of a histogram:         count, sum, the observations in each
 *                                       bucket (not cumulative), exemplars
 *               exemplars: the address of one for the value, or for each bucket
 *               and the infinite one; only where the metric may have them
 *
 * text          0  length       in bytes
 *               4  the text in UTF-8
 *
 * exemplar      0  stamp        no other exemplar had this number
 *               4  labels       address of a text
 *               8  value
 *              16  timestamp    in seconds; NaN where there is none
 * ```
 *
 * @module
 */

import { HISTOGRAM } from "../metrics/cell.ts";
import type { FamilyHeader } from "./family_header.ts";

/** The unit of addresses and of cells, in bytes. */
export const WORD = 8;

const WORD_BITS = 17;

/**
 * The size of a chunk that is shared by blocks, in bytes: 1 MiB. A greater block
 * has a chunk of its own, so that its address ends in zeros.
 */
export const MAX_SHARED_CHUNK: number = WORD << WORD_BITS;

/** How many chunks there may be. */
export const MAX_CHUNKS: number = 1 << (31 - WORD_BITS);

/** The smallest block, in bytes. */
export const MIN_BLOCK = 16;

/** Puts an address together. The first word of the first chunk has none. */
export function addressOf(chunk: number, word: number): number {
  return chunk << WORD_BITS | word;
}

/** The chunk that an address is in. */
export function chunkOf(address: number): number {
  return address >>> WORD_BITS;
}

/** The word of its chunk that an address means. */
export function wordOf(address: number): number {
  return address & ((1 << WORD_BITS) - 1);
}

/** The index of an integer, by the word where its block begins. */
export function integerAt(word: number, field: number): number {
  return word * 2 + field;
}

/** The size of a block that has room for as many bytes. */
export function blockFor(bytes: number): number {
  return Math.max(MIN_BLOCK, 2 ** Math.ceil(Math.log2(bytes)));
}

/** The integers of a directory. */
export const DIRECTORY = { sequence: 0, count: 1, list: 2, bytes: 16 } as const;

/** The integers of an entry in a directory's list. */
export const ENTRY = {
  family: 0,
  identity: 1,
  defaults: 2,
  words: 2,
} as const;

/** The sequence of a directory that lists nothing any more. */
export const CLOSED = -1;

/** The word of an entry, by that of its list. */
export function entryAt(list: number, index: number): number {
  return list + index * ENTRY.words;
}

/** The integers of a family. */
export const FAMILY = {
  sequence: 0,
  generation: 1,
  rows: 2,
  segment: 3,
  header: 4,
  changes: 5,
  identity: 6,
  held: 7,
  bytes: 32,
} as const;

/** The integers of a segment. */
export const SEGMENT = { next: 0, capacity: 1, words: 1 } as const;

/** The integers of a row; its cells come after them. */
export const ROW = { state: 0, labels: 1, words: 1 } as const;

/** The state of a row that was removed. */
export const REMOVED = -1;

/** The integers, and then the words, of an exemplar. */
export const EXEMPLAR = {
  stamp: 0,
  labels: 1,
  value: 1,
  timestamp: 2,
  bytes: 32,
} as const;

/** Where a text's length is, and how many bytes stand before the text. */
export const TEXT = { length: 0, bytes: 4 } as const;

/** The first byte of a text, by its word. */
export function textStart(word: number): number {
  return word * WORD + TEXT.bytes;
}

/** How many words a row with as many cells takes. */
export function rowWords(cells: number): number {
  return ROW.words + cells;
}

/** How many bytes a segment with as many rows takes. */
export function segmentBytes(rows: number, cells: number): number {
  return rowEnd(0, rows, cells) * WORD;
}

/** How many rows there is room for in a segment of a size. */
export function segmentCapacity(bytes: number, cells: number): number {
  return Math.floor((bytes / WORD - SEGMENT.words) / rowWords(cells));
}

/** The cell in which a row begins, by the segment's word and the row's place. */
export function firstCell(segment: number, row: number, cells: number): number {
  return cellOf(rowEnd(segment, row, cells));
}

/** The word after a segment's first rows. */
export function rowEnd(segment: number, rows: number, cells: number): number {
  return segment + SEGMENT.words + rows * rowWords(cells);
}

/** The word in which the row begins whose first cell is known. */
export function rowOf(cell: number): number {
  return cell - ROW.words;
}

/** The first cell of the row that begins in a word. */
export function cellOf(row: number): number {
  return row + ROW.words;
}

/** How many cells hold the values of a row. */
export function valueCells({ bounds }: FamilyHeader): number {
  return bounds === undefined ? 1 : HISTOGRAM.buckets + bounds.length;
}

/** How many cells hold the addresses of exemplars. */
export function exemplarCells({ bounds, exemplars }: FamilyHeader): number {
  if (!exemplars) return 0;
  return bounds === undefined ? 1 : bounds.length + 1;
}

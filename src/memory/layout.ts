/**
 * The layout of shared memory, byte by byte. Nothing else computes an offset.
 *
 * Memory comes in chunks, each a `SharedArrayBuffer`, and is given out in blocks
 * of 16, 32, 64, … bytes. Integers are `Int32`, numbers `Float64`, both in the
 * machine's byte order; an address is an integer, 0 for none.
 *
 * One thread writes, any may read at any moment. Data that readers follow is
 * published last, by an atomic store. A sequence, and the state of a row, is odd
 * while something is changed in place.
 *
 * ```text
 * directory     0  sequence     odd while it is changed; -1 when it was closed
 *               4  unused
 *               8  list         address of a text: the last page of the list
 *              12  version      of the layout; it stands here in each version
 *
 * page          JSON of a DirectoryPage, in the order of registration
 *
 * family        0  sequence     odd while more than single rows is changed
 *               4  generation   no other contents of any family had this number
 *               8  rows         rows there are, removed ones included
 *              12  segment      address of the first segment
 *              16  header       address of a text: the header
 *              20  changes      how often a row has changed, or was removed
 *              24  identity     no other family had this number; 0 when it is gone
 *              28  held         1 while the sequence will be odd for longer; -1
 *                               when its writer has left it: it is as it was
 *
 * header        JSON of an object. Each has a name and a kind, which says what
 *               the rest of it means. Readers leave families out whose kind they
 *               do not know.
 *               "value"         a RowsHeader: each row has one value
 *               "histogram"     a RowsHeader: each row has buckets
 *               "snapshot"      a FamilySnapshot, which has no rows
 *
 * segment       0  next         address of the next segment
 *               4  capacity     rows it has room for
 *               8  rows, each as many words of 8 bytes as the header says
 *
 * row           0  state        even; odd while it is changed; -1 when removed
 *               4  labels       address of a text, JSON of an object
 *               8  created      in seconds since the Unix epoch; NaN where it is
 *                               not known
 *              16  cells        8 bytes each
 *               …  words that readers skip, if the header says more than the
 *                  cells of the kind take
 *
 * cells         of a value:      value, exemplars
 *               of a histogram:  count, sum, the observations in each bucket
 *                                (not cumulative), exemplars
 *               exemplars: the address of one for the value, or for each bucket
 *               and the infinite one; only where the metric may have them
 *
 * text          0  length       in bytes
 *               4  the text in UTF-8
 *
 * exemplar      0  stamp        no other exemplar had this number
 *               4  labels       address of a text, JSON of an object
 *               8  value
 *              16  timestamp    in seconds; NaN without one
 * ```
 *
 * @module
 */

import { HISTOGRAM } from "./cell.ts";
import type { FamilyHeader, RowsHeader } from "./family_header.ts";

/** The version of the layout: a reader of another one would read garbage. */
export const VERSION = 2;

/** A chunk of shared memory. Chunks may arrive in any order. */
export interface MemoryChunk {
  readonly index: number;
  readonly buffer: SharedArrayBuffer;
}

/** The data that a thread needs to read another one's shared memory. */
export interface Handover {
  readonly directory: number;
  readonly chunks: readonly MemoryChunk[];
}

export interface ChunkViews {
  readonly integers: Int32Array<SharedArrayBuffer>;
  readonly cells: Float64Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

export function viewsOf(buffer: SharedArrayBuffer): ChunkViews {
  return {
    integers: new Int32Array(buffer),
    cells: new Float64Array(buffer),
    bytes: new Uint8Array(buffer),
  };
}

/** A place in memory: a chunk, and the word in it where a block begins. */
export interface Place {
  readonly chunk: ChunkViews;
  readonly word: number;
}

/** The unit of addresses and of cells, in bytes. */
export const WORD = 8;

const WORD_BITS = 17;

/**
 * The size of a chunk that is shared by blocks, in bytes: 1 MiB. A greater block
 * has a chunk of its own, so that its address ends in zeros.
 */
export const MAX_SHARED_CHUNK: number = WORD << WORD_BITS;

export const MAX_CHUNKS: number = 1 << (31 - WORD_BITS);

/** The smallest block, in bytes. */
export const MIN_BLOCK = 16;

/** Puts an address together. The first word of the first chunk has none. */
export function addressOf(chunk: number, word: number): number {
  return chunk << WORD_BITS | word;
}

export function chunkOf(address: number): number {
  return address >>> WORD_BITS;
}

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

export const DIRECTORY = {
  sequence: 0,
  list: 2,
  version: 3,
  bytes: 16,
} as const;

export const CLOSED = -1;

/** The `held` of a family that nobody writes any more. */
export const LEFT = -1;

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

export const SEGMENT = { next: 0, capacity: 1, words: 1 } as const;

/** The integers, and then the words, of a row; its cells come after them. */
export const ROW = { state: 0, labels: 1, created: 1, words: 2 } as const;

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

export function textStart(word: number): number {
  return word * WORD + TEXT.bytes;
}

const decoder = new TextDecoder();

/** Reads the text in a block; `undefined` if there cannot be one. */
export function textAt({ chunk, word }: Place): string | undefined {
  const { integers, bytes } = chunk;
  const length = integers[integerAt(word, TEXT.length)];
  const start = textStart(word);
  if (!(length >= 0 && start + length <= bytes.length)) return undefined;
  // Decoders refuse shared memory: it is copied first.
  return decoder.decode(bytes.slice(start, start + length));
}

/** How many cells of a row hold values, and how many addresses of exemplars. */
export interface RowCells {
  readonly values: number;
  readonly exemplars: number;
}

export function rowCells({ bounds, exemplars }: FamilyHeader): RowCells {
  const buckets = bounds?.length;
  return {
    values: buckets === undefined ? 1 : HISTOGRAM.buckets + buckets,
    exemplars: exemplars ? (buckets ?? 0) + 1 : 0,
  };
}

export function rowsHeader(header: FamilyHeader): RowsHeader {
  const { values, exemplars } = rowCells(header);
  return {
    ...header,
    kind: header.bounds === undefined ? "value" : "histogram",
    words: ROW.words + values + exemplars,
  };
}

/** The word in which a row begins, or the rows before it end. */
export function rowAt(segment: number, index: number, words: number): number {
  return segment + SEGMENT.words + index * words;
}

export function segmentBytes(rows: number, words: number): number {
  return rowAt(0, rows, words) * WORD;
}

export function segmentCapacity(bytes: number, words: number): number {
  return Math.floor((bytes / WORD - SEGMENT.words) / words);
}

export function rowOf(cell: number): number {
  return cell - ROW.words;
}

export function cellOf(row: number): number {
  return row + ROW.words;
}

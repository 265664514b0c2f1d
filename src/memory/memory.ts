import {
  addressOf,
  blockFor,
  chunkOf,
  type ChunkViews,
  integerAt,
  MAX_CHUNKS,
  MAX_SHARED_CHUNK,
  type MemoryChunk,
  MIN_BLOCK,
  type Place,
  TEXT,
  textAt,
  textStart,
  viewsOf,
  WORD,
  wordOf,
} from "./layout.ts";

type Chunk = ChunkViews & MemoryChunk;

/** The size of the first chunk; those that follow are twice as large. */
const FIRST_CHUNK = 16 * 1024;

const encoder = new TextEncoder();

/**
 * Shared memory that one thread writes, given out in blocks. Freed blocks may be
 * given out again at once, which readers must find out.
 */
export class Memory {
  readonly #chunks: Chunk[] = [];
  readonly #byCells = new Map<Float64Array, ChunkViews>();
  readonly #listeners = new Set<(chunk: MemoryChunk) => void>();
  /** Blocks that were taken back, by the logarithm of their size. */
  readonly #free: number[][] = [];
  /** The chunk that blocks share, and the words of it that were given out. */
  #shared: Chunk | undefined;
  #used = 0;
  #unique = 0;
  #collecting = 0;
  readonly #collected = new Set<() => void>();
  #texts = 0;

  get chunks(): readonly MemoryChunk[] {
    return this.#chunks.map(({ index, buffer }) => ({ index, buffer }));
  }

  get size(): { readonly total: number; readonly texts: number } {
    let total = 0;
    for (const { buffer } of this.#chunks) total += buffer.byteLength;
    return { total, texts: this.#texts };
  }

  /** Calls a function, which must not throw, until the result is called. */
  onChunk(listener: (chunk: MemoryChunk) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Whether collectors are running that may have reset metrics. */
  get isCollecting(): boolean {
    return this.#collecting > 0;
  }

  /** Says that a collector is running, until the result is called. */
  beginCollecting(): () => void {
    this.#collecting++;
    return () => {
      if (--this.#collecting > 0) return;
      const collected = [...this.#collected];
      this.#collected.clear();
      for (const listener of collected) listener();
    };
  }

  /** Calls a function, which must not throw, when no collector is running. */
  onCollected(listener: () => void): void {
    this.#collected.add(listener);
  }

  /** Yields a number that it has never yielded before. */
  unique(): number {
    return this.#unique = this.#unique % 0x7fff_fffe + 1;
  }

  at(address: number): Place {
    return { chunk: this.#chunks[chunkOf(address)], word: wordOf(address) };
  }

  /** Finds the chunk of cells, if they are in shared memory. */
  chunkOf(cells: Float64Array): ChunkViews | undefined {
    return this.#byCells.get(cells);
  }

  /**
   * Gives out a block that is not cleared.
   *
   * @throws {RangeError} If there is no memory left.
   */
  allocate(bytes: number): number {
    const size = blockFor(bytes);
    return this.#free[Math.log2(size)]?.pop() ?? this.#carve(size);
  }

  /** Takes a block back that was given out for as many bytes. */
  free(address: number, bytes: number): void {
    (this.#free[Math.log2(blockFor(bytes))] ??= []).push(address);
  }

  /** Writes a text into a block; yields its address. */
  writeText(text: string): number {
    const utf8 = isAscii(text) ? undefined : encoder.encode(text);
    const length = utf8?.length ?? text.length;
    const address = this.allocate(TEXT.bytes + length);
    const { chunk, word } = this.at(address);
    chunk.integers[integerAt(word, TEXT.length)] = length;
    const start = textStart(word);
    if (utf8 !== undefined) chunk.bytes.set(utf8, start);
    else {
      const { bytes } = chunk;
      for (let i = 0; i < length; i++) bytes[start + i] = text.charCodeAt(i);
    }
    this.#texts += blockFor(TEXT.bytes + length);
    return address;
  }

  readText(address: number): string {
    return textAt(this.at(address))!;
  }

  freeText(address: number): void {
    const { chunk, word } = this.at(address);
    const length = chunk.integers[integerAt(word, TEXT.length)];
    this.free(address, TEXT.bytes + length);
    this.#texts -= blockFor(TEXT.bytes + length);
  }

  #carve(size: number): number {
    if (size > MAX_SHARED_CHUNK) return addressOf(this.#add(size).index, 0);
    if (this.#used * WORD + size > (this.#shared?.bytes.length ?? 0)) {
      this.#giveRest();
      const next = 2 * (this.#shared?.bytes.length ?? FIRST_CHUNK / 2);
      const bytes = Math.min(Math.max(next, size), MAX_SHARED_CHUNK);
      this.#shared = this.#add(bytes);
      // An address of 0 says that there is nothing.
      this.#used = this.#shared.index === 0 ? MIN_BLOCK / WORD : 0;
      return this.#carve(size);
    }
    const address = addressOf(this.#shared!.index, this.#used);
    this.#used += size / WORD;
    return address;
  }

  #add(bytes: number): Chunk {
    const index = this.#chunks.length;
    if (index >= MAX_CHUNKS) {
      throw new RangeError(
        `Cannot keep more in shared memory: all ${MAX_CHUNKS} chunks are used`,
      );
    }
    const buffer = new SharedArrayBuffer(bytes);
    const chunk = { index, buffer, ...viewsOf(buffer) };
    this.#chunks.push(chunk);
    this.#byCells.set(chunk.cells, chunk);
    for (const listener of this.#listeners) listener({ index, buffer });
    return chunk;
  }

  /** Frees the rest of the chunk that blocks share. */
  #giveRest(): void {
    const chunk = this.#shared;
    if (chunk === undefined) return;
    for (let rest; (rest = chunk.bytes.length - this.#used * WORD) > 0;) {
      const size = 2 ** Math.floor(Math.log2(rest));
      this.free(addressOf(chunk.index, this.#used), size);
      this.#used += size / WORD;
    }
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) return false;
  }
  return true;
}

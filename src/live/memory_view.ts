import type { MemoryChunk } from "./handover.ts";
import { chunkOf, wordOf } from "./layout.ts";
import { type ChunkViews, type Place, textAt, viewsOf } from "./memory.ts";
import { ChangedError, MissingMemoryError } from "./stable.ts";

/**
 * Shared memory as readers have it.
 *
 * It may change at any moment, so that what is read may be anything: whoever
 * reads finds out afterwards. Nothing here reads beyond the memory.
 */
export class MemoryView {
  readonly #chunks: (ChunkViews | undefined)[] = [];

  /** Takes memory that was handed over. */
  add({ index, buffer }: MemoryChunk): void {
    this.#chunks[index] = viewsOf(buffer);
  }

  /**
   * Finds what an address means.
   *
   * @throws {ChangedError} If it means nothing.
   * @throws {MissingMemoryError} If it is in memory that has not arrived.
   */
  at(address: number, words = 1): Place {
    if (!(address > 0)) throw new ChangedError(`nothing at ${address}`);
    const chunk = this.#chunks[chunkOf(address)];
    if (chunk === undefined) throw new MissingMemoryError(`${address}`);
    const word = wordOf(address);
    if (!(words >= 0 && word + words <= chunk.cells.length)) {
      throw new ChangedError(`nothing at ${address}`);
    }
    return { chunk, word };
  }

  /**
   * Reads a text.
   *
   * @throws {ChangedError} If there is none.
   * @throws {MissingMemoryError} If it is in memory that has not arrived.
   */
  text(address: number): string {
    const { chunk, word } = this.at(address);
    const text = textAt(chunk, word);
    if (text === undefined) throw new ChangedError(`no text at ${address}`);
    return text;
  }

  /**
   * Reads what was written as JSON.
   *
   * @throws {ChangedError} If there is none.
   * @throws {MissingMemoryError} If it is in memory that has not arrived.
   */
  json(address: number): unknown {
    const text = this.text(address);
    try {
      return JSON.parse(text);
    } catch {
      throw new ChangedError(`no JSON at ${address}`);
    }
  }

  /**
   * Reads a list of texts that was written as JSON.
   *
   * @throws {ChangedError} If there is none.
   * @throws {MissingMemoryError} If it is in memory that has not arrived.
   */
  texts(address: number): readonly string[] {
    const texts = this.json(address);
    if (Array.isArray(texts)) return texts;
    throw new ChangedError(`no texts at ${address}`);
  }
}

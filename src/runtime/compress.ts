import { Buffer } from "node:buffer";
import type { Transform } from "node:stream";
import type * as Zlib from "node:zlib";
import { requireVersion } from "./host.ts";
import { rest } from "./pace.ts";

/** A Content-Encoding that all runtimes can make. */
export type Compression = "gzip" | "br" | "zstd";

/**
 * The most bytes that are compressed at once: that holds the event loop for less
 * than a slice of work may, and a stream takes two to ten times as long.
 */
const AT_ONCE_BYTES = 512 * 1024;

/** Deno compresses a chunk on the event loop: this size takes half a millisecond. */
const CHUNK_BYTES = 64 * 1024;

/** Loaded by the first scrape that needs it. */
let zlib: typeof Zlib | undefined;

/**
 * Compresses bytes, fast rather than small: the fastest levels take a quarter of
 * the usual time, and metrics shrink to a tenth.
 *
 * Node and Bun compress many bytes on other threads. Deno does so on the event
 * loop, so it gets them in chunks, with turns for others in between.
 *
 * @param signal Ends a compression that nobody waits for any more.
 */
export async function compressBytes(
  bytes: Uint8Array,
  compression: Compression,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  zlib ??= await import("node:zlib");
  const [atOnce, stream, options] = methodsOf(zlib)[compression];
  requireVersion(`compress metrics with ${compression}`, [atOnce]);
  if (bytes.length <= AT_ONCE_BYTES) {
    return atOnce(bytes, options) as Uint8Array<ArrayBuffer>;
  }
  const { pipeline } = await import("node:stream/promises");
  const chunks: Uint8Array[] = [];
  const collect = async (compressed: AsyncIterable<Uint8Array>) => {
    for await (const chunk of compressed) chunks.push(chunk);
  };
  await pipeline(slices(bytes), stream(options), collect, { signal });
  return Buffer.concat(chunks);
}

/** Two ways to compress alike, and the options for either. */
type Methods = readonly [
  atOnce: (bytes: Uint8Array, options: object) => Uint8Array,
  stream: (options: object) => Transform,
  options: object,
];

function methodsOf(zlib: typeof Zlib): Readonly<Record<Compression, Methods>> {
  const { BROTLI_PARAM_QUALITY, ZSTD_c_compressionLevel } = zlib.constants;
  const br = { params: { [BROTLI_PARAM_QUALITY]: 1 } };
  const zstd = { params: { [ZSTD_c_compressionLevel]: 1 } };
  return {
    gzip: [zlib.gzipSync, zlib.createGzip, { level: 1 }],
    br: [zlib.brotliCompressSync, zlib.createBrotliCompress, br],
    zstd: [zlib.zstdCompressSync, zlib.createZstdCompress, zstd],
  };
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    yield bytes.subarray(start, start + CHUNK_BYTES);
    await rest();
  }
}

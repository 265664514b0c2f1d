import { acceptsEncodings } from "@std/http/negotiation";
import type { MetricsRequest } from "../answer.ts";
import { remember } from "../base/remember.ts";
import type { Composition } from "../families/merge.ts";
import { ByteWriter } from "../formats/byte_writer.ts";
import { encode } from "../formats/encode.ts";
import type { Format } from "../formats/format.ts";
import { compressBytes, type Compression } from "../runtime/compress.ts";
import type { MetricFamily } from "../types.ts";

export interface WrittenFamilies {
  readonly families: readonly MetricFamily[];
  /** By it encoders remember them, if they are likely to come again. */
  readonly composition: Composition | undefined;
}

/** Bodies smaller than this fit one network packet, compressed or not. */
const MIN_BYTES = 1024;

/** More memory is not kept for the next answer. Fresh memory costs as much as gzip. */
const KEPT_BYTES = 512 * 1024;

/** Where a body is written that is compressed, unless another scrape has it. */
let scratch: ByteWriter | undefined = new ByteWriter();

/**
 * Writes families, and compresses them where that is worth it.
 *
 * @returns The bytes, and their Content-Encoding if they were compressed.
 */
export async function makeBody(
  { families, composition }: WrittenFamilies,
  format: Format,
  compression: Compression | undefined,
  signal?: AbortSignal,
): Promise<{ body: Uint8Array<ArrayBuffer>; encoding?: Compression }> {
  if (compression === undefined) {
    return { body: await encode(families, format, { composition }) };
  }
  const writer = scratch ?? new ByteWriter();
  scratch = undefined;
  try {
    const bytes = await encode(families, format, { composition, writer });
    if (bytes.byteLength < MIN_BYTES) return { body: bytes.slice() };
    const body = await compressBytes(bytes, compression, signal);
    return { body, encoding: compression };
  } finally {
    if (writer.capacity <= KEPT_BYTES) scratch = writer;
  }
}

/** Chooses the Content-Encoding that a request likes best, if it names any. */
export function negotiateEncoding(
  { headers }: MetricsRequest,
): Compression | undefined {
  const header = headers.get("accept-encoding");
  // An empty header asks for no encoding at all. Without the header any is
  // acceptable (RFC 9110, 12.5.3), but a client that does not ask for one may
  // not be able to undo it. `acceptsEncodings` takes the first in both cases.
  return header ? negotiated(header) : undefined;
}

/** Among equals the first; for `*` that is the one that everybody can undo. */
const ENCODINGS = ["gzip", "zstd", "br", "identity"] as const;

const negotiated = remember((header) => {
  const headers = { get: () => header } as Partial<Headers> as Headers;
  const chosen = acceptsEncodings({ headers }, ...ENCODINGS);
  return chosen === "identity" ? undefined : chosen as Compression | undefined;
});

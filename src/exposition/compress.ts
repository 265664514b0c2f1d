import { acceptsEncodings } from "@std/http/negotiation";
import { compressBytes, type Compression } from "../runtime/compress.ts";

/** A body and the Content-Encoding it has, if any. */
export interface EncodedBody {
  /** The bytes to send. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** The Content-Encoding, `undefined` when the body is sent as it is. */
  readonly encoding: Compression | undefined;
}

/** Bodies smaller than this fit one network packet, compressed or not. */
const MIN_BYTES = 1024;

/** Compresses a body when the request accepts it and it is worth it. */
export async function compress(
  request: Pick<Request, "headers">,
  body: Uint8Array<ArrayBuffer>,
): Promise<EncodedBody> {
  const encoding = body.byteLength < MIN_BYTES
    ? undefined
    : negotiateEncoding(request);
  if (encoding === undefined) return { body, encoding };
  return { body: await compressBytes(body, encoding), encoding };
}

/** Chooses the Content-Encoding that a request likes best. */
function negotiateEncoding(
  request: Pick<Request, "headers">,
): Compression | undefined {
  const header = request.headers.get("accept-encoding");
  // An empty header asks for no encoding at all. Without the header any is
  // acceptable (RFC 9110, 12.5.3), but a client that does not ask for one may
  // not be able to undo it. `acceptsEncodings` takes the first in both cases.
  if (!header) return undefined;
  // Among equals the one that is named first; for `*` what everybody can undo.
  const chosen = acceptsEncodings(request, "gzip", "zstd", "br", "identity");
  return chosen === "identity" ? undefined : chosen as Compression | undefined;
}

import { acceptsEncodings } from "@std/http/negotiation";

/** A body and the Content-Encoding it has, if any. */
export interface EncodedBody {
  /** The bytes to send. */
  body: Uint8Array<ArrayBuffer>;
  /** The Content-Encoding, `undefined` when the body is sent as it is. */
  encoding: "gzip" | undefined;
}

/** Bodies smaller than this fit one network packet, compressed or not. */
const MIN_BYTES = 1024;

/** Compresses a body when the request accepts it and it is worth it. */
export async function compress(
  request: Pick<Request, "headers">,
  body: Uint8Array<ArrayBuffer>,
): Promise<EncodedBody> {
  if (body.byteLength < MIN_BYTES || !acceptsGzip(request)) {
    return { body, encoding: undefined };
  }
  const stream = new Blob([body]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return {
    body: new Uint8Array(await new Response(stream).arrayBuffer()),
    encoding: "gzip",
  };
}

function acceptsGzip(request: Pick<Request, "headers">): boolean {
  // An empty header asks for no encoding at all. Without the header any is
  // acceptable (RFC 9110, 12.5.3), but a client that does not ask for one may
  // not be able to undo it. `acceptsEncodings` takes the first in both cases.
  if (!request.headers.get("accept-encoding")) return false;
  return acceptsEncodings(request, "gzip", "identity") === "gzip";
}

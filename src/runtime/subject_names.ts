/**
 * The names in certificates. The runtimes join them to one text, on Deno without
 * quotes, where a URI may pretend to be two names; so they are read from DER.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** The tags of a `GeneralName` (RFC 5280, 4.2.1.6). */
const TEXTS: readonly number[] = [0x81, 0x82, 0x86];
const ADDRESS = 0x87;

/** The tag of a certificate's extensions. */
const EXTENSIONS = 0xa3;

/** The identifier of subjectAltName: 2.5.29.17. */
const SUBJECT_ALT_NAME = "551d11";

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** Lists the host names, addresses, URIs and mail addresses of a subject. */
export function subjectNames(certificate: Uint8Array): string[] {
  const [{ content: signed }] = elements(Buffer.from(certificate));
  const [{ content: parts }] = elements(signed);
  return elements(parts)
    .filter(({ tag }) => tag === EXTENSIONS)
    .flatMap(({ content }) => elements(elements(content)[0].content))
    .map(({ content }) => elements(content))
    .filter(([id]) => id.content.toString("hex") === SUBJECT_ALT_NAME)
    .flatMap((extension) => elements(extension.at(-1)!.content))
    .flatMap(({ content }) => elements(content))
    .map(nameOf)
    .filter((name) => name !== undefined);
}

function nameOf({ tag, content }: Element): string | undefined {
  if (TEXTS.includes(tag)) return content.toString("latin1");
  if (tag !== ADDRESS) return undefined;
  if (content.length === 4) return content.join(".");
  return inUrl(content.toString("hex").match(/.{4}/g)?.join(":") ?? "");
}

/** Writes an IPv6 address in the one form that URLs have; others as they are. */
export function inUrl(address: string): string {
  return URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? address;
}

/** Splits a sequence of elements (X.690, 8.1). */
function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at];
    let length = bytes[at + 1];
    at += 2;
    if (length > 0x80) {
      const size = length - 0x80;
      length = bytes.readUIntBE(at, size);
      at += size;
    }
    found.push({ tag, content: bytes.subarray(at, at += length) });
  }
  return found;
}

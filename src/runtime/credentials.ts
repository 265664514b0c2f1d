import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { TlsError } from "../errors.ts";
import { readTextFile } from "./files.ts";
import type { ClientTls, TlsCredentials } from "./types.ts";

/** What names a credential to people: an option, or a file. */
type NamesOf<Credentials> = { readonly [Name in keyof Credentials]: string };

/**
 * Reads the file of a credential.
 *
 * @throws {TlsError} If it cannot be read.
 */
export async function readCredential(file: string): Promise<string> {
  try {
    return await readTextFile(file);
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    throw new TlsError(
      `Cannot use TLS credentials: file ${JSON.stringify(file)} must be ` +
        `readable, received ${code ?? message}`,
      { cause },
    );
  }
}

/**
 * Reads credentials before a server does, since each runtime's server says in
 * its own way what is wrong with them, or nothing.
 *
 * @throws {TlsError} If one is not what it must be, or the key is not that of
 * the certificate; never with their contents.
 */
export function checkCredentials(
  { cert, key, clientCa }: TlsCredentials,
  names: NamesOf<TlsCredentials>,
): void {
  checkPair(cert, key, names);
  if (clientCa === undefined) return;
  parseCertificates(clientCa, names.clientCa!);
}

/** The same for the credentials of a client, which has a certificate with a key. */
export function checkClientTls(
  { ca, cert, key }: ClientTls,
  names: Required<NamesOf<ClientTls>>,
): void {
  if (cert !== undefined && key !== undefined) checkPair(cert, key, names);
  if (ca !== undefined) parseCertificates(ca, names.ca);
}

function checkPair(
  cert: string,
  key: string,
  names: { readonly cert: string; readonly key: string },
): void {
  const [certificate] = parseCertificates(cert, names.cert);
  const privateKey: KeyObject = parse(
    () => createPrivateKey(key),
    `${names.key} must be a private key in PEM format, without a passphrase`,
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsError(
      `Cannot use TLS credentials: ${names.key} must be the private key of ` +
        `${names.cert}, received another one`,
    );
  }
}

/** Reads all certificates in a text; there must be one, and none cut off. */
function parseCertificates(pem: string, name: string): X509Certificate[] {
  const requirement = `${name} must be certificates in PEM format`;
  // A file that is read while it is replaced may lack its end. Deno's parser
  // takes a certificate without one, which its server then cannot show: every
  // handshake would fail. The servers would show only part of a chain.
  if (pem.replace(BLOCKS, "").includes("-----BEGIN")) {
    throw new TlsError(
      `Cannot use TLS credentials: ${requirement}, received an incomplete one`,
    );
  }
  return splitCertificates(pem).map((certificate) =>
    parse(() => new X509Certificate(certificate), requirement)
  );
}

/** Complete PEM blocks: certificates and keys. */
const BLOCKS = /-----BEGIN ([^-]*)-----[^]*?-----END \1-----/g;

/** Splits a text into the certificates that are in it; at least into itself. */
export function splitCertificates(pem: string): string[] {
  return pem.match(CERTIFICATES) ?? [pem];
}

const CERTIFICATES =
  /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g;

function parse<T>(read: () => T, requirement: string): T {
  try {
    return read();
  } catch (cause) {
    throw new TlsError(
      `Cannot use TLS credentials: ${requirement}, received another text`,
      { cause },
    );
  }
}

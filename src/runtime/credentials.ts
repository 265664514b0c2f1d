import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { TlsError } from "../errors.ts";
import type { TlsCredentials } from "./types.ts";

/** What names a credential to people: an option, or a file. */
type CredentialNames = {
  readonly [Name in keyof TlsCredentials]: string;
};

/**
 * Reads credentials before a server does, since each runtime's server says in
 * its own way what is wrong with them, or nothing.
 *
 * @throws {TlsError} If one is not what it must be, or the key is not that of
 * the certificate; never with their contents.
 */
export function checkCredentials(
  { cert, key, clientCa }: TlsCredentials,
  names: CredentialNames,
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
  if (clientCa === undefined) return;
  parseCertificates(clientCa, names.clientCa!);
}

/** Reads all certificates in a text; there must be one. */
function parseCertificates(pem: string, name: string): X509Certificate[] {
  return splitCertificates(pem).map((certificate) =>
    parse(
      () => new X509Certificate(certificate),
      `${name} must be certificates in PEM format`,
    )
  );
}

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
